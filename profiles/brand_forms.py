"""What an operator says of a brand."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles import brands, colours, logos
from profiles.colours import Pair, Scheme
from profiles.models import Brand, Logo
from profiles.models.brands import HEX

TITLES = {"light": gettext_lazy("On light"), "dark": gettext_lazy("On dark")}
REFUSALS = {
    "text": gettext_lazy("Text on the background: %(ratio)s:1, and it needs %(needed)s:1. Choose another colour."),
    "button_text": gettext_lazy("Text of buttons on the accent: %(ratio)s:1, and it needs %(needed)s:1. Choose another colour."),
    "accent": gettext_lazy("Accent on the background: %(ratio)s:1, and it needs %(needed)s:1. Choose another colour."),
}
READINGS = {
    "text": gettext_lazy("Text on the background: %(ratio)s:1"),
    "button_text": gettext_lazy("Text of buttons on the accent: %(ratio)s:1"),
    "accent": gettext_lazy("Accent on the background: %(ratio)s:1"),
}
LINKS = gettext_lazy(
    "Links have the colour of the text: the accent has %(ratio)s:1 on the background, and text needs %(needed)s:1."
)


class ColourField(forms.CharField):
    """A colour, written with or without #, with three digits or six."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"data-colour": "", "autocomplete": "off", "spellcheck": "false", "maxlength": "7", "size": "8"}
        super().__init__(**{**kwargs, "max_length": 7, "validators": [HEX], "widget": forms.TextInput(attrs)})

    def to_python(self, value: Any) -> str:
        digits = str(super().to_python(value)).lower().removeprefix("#")
        return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits) if digits else ""


class BrandForm(forms.ModelForm):
    """Name, logo, colours and sender. Colours that cannot be told apart are refused at the field, with the ratio."""

    image = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        widget=forms.FileInput({"accept": ",".join(logos.TYPES)}),
        help_text=gettext_lazy("PNG, JPEG or WebP, at most 200 KB. Without one, the name stands on top of the page."),
    )
    without_logo = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)

    class Meta:
        model = Brand
        fields = ("label", *brands.COLUMNS, "postal_address", "privacy_url", "is_default")
        field_classes = dict.fromkeys(brands.COLUMNS, ColourField)
        widgets = {"privacy_url": forms.URLInput(attrs={"placeholder": "https://"})}
        help_texts = {
            "label": gettext_lazy("Visitors read it: on top of the page, or in place of the logo where images are off."),
            "postal_address": gettext_lazy("At the foot of every page: who writes to people has to say where to be found."),
            "privacy_url": gettext_lazy("Where you say what becomes of personal data. Left empty, the pages have no such link."),
            "is_default": gettext_lazy("Of pages that choose no brand, and of what links in messages open."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.logo is None:
            del self.fields["without_logo"]

    def clean_image(self) -> Logo | None:
        file: UploadedFile | None = self.cleaned_data["image"]
        return logos.read(file.read(logos.BYTES + 1)) if file else None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for name, scheme in self._schemes().items():
            for pair in colours.pairs(scheme):
                if pair.is_refused and not pair.is_enough:
                    self.add_error(f"{name}_{pair.role}", REFUSALS[pair.role] % _figures(pair))
        return data

    def _get_validation_exclusions(self) -> set[str]:
        """That another brand is the default is no fault: this one takes over where it is stored."""
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]

    def _schemes(self) -> dict[str, Scheme]:
        """Those whose four colours are colours."""
        data = self.cleaned_data
        whole = [name for name in brands.SCHEMES if all(data.get(f"{name}_{role}") for role in colours.ROLES)]
        return {name: Scheme(**{role: data[f"{name}_{role}"] for role in colours.ROLES}) for name in whole}

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Light and dark as the page shows them: title, fields."""
        return [
            {"name": name, "title": title, "fields": [self[f"{name}_{role}"] for role in colours.ROLES]}
            for name, title in TITLES.items()
        ]

    def save(self, commit: bool = True) -> Brand:
        brand: Brand = self.instance
        if image := self.cleaned_data["image"]:
            brand.logo = logos.store(image)
        elif self.cleaned_data.get("without_logo"):
            brand.logo = None
        brands.save(brand)
        return brand


def readings(typed: dict[str, str]) -> list[dict[str, Any]]:
    """What was typed, measured: for light and dark the lines to read, and whether there is something to show."""
    fields = {name: ColourField() for name in brands.COLUMNS}
    valid: dict[str, str] = {}
    for name, field in fields.items():
        try:
            valid[name] = field.clean(typed.get(name, ""))
        except forms.ValidationError:
            continue
    return [_reading(name, valid) for name in brands.SCHEMES]


def _reading(name: str, valid: dict[str, str]) -> dict[str, Any]:
    missing = [role for role in colours.ROLES if f"{name}_{role}" not in valid]
    if missing:
        told = _("Four colours are needed, each as # and six digits.")
        return {"name": name, "title": TITLES[name], "lines": [{"level": "error", "text": told}], "is_whole": False}
    scheme = Scheme(**{role: valid[f"{name}_{role}"] for role in colours.ROLES})
    lines = [line for pair in colours.pairs(scheme) if (line := _line(pair))]
    return {"name": name, "title": TITLES[name], "lines": lines, "is_whole": True, "scheme": scheme}


def _line(pair: Pair) -> dict[str, str] | None:
    if not pair.is_refused:
        return None if pair.is_enough or pair.ratio < colours.CONTROL else {"level": "warning", "text": LINKS % _figures(pair)}
    if pair.is_enough:
        return {"level": "done", "text": READINGS[pair.role] % _figures(pair)}
    return {"level": "error", "text": REFUSALS[pair.role] % _figures(pair)}


def _figures(pair: Pair) -> dict[str, str]:
    return {"ratio": number_format(pair.ratio, 2), "needed": number_format(pair.needed, 1)}
