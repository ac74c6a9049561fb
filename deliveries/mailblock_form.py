"""The settings of one block of a mail."""

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from deliveries import mailblocks
from deliveries.asides import Aside
from deliveries.form_fields import PictureField, checked
from deliveries.mailblocks import RICH, TARGETS, Block, MailKind
from landingpages import media, richtext
from landingpages.builder_forms import By, ShownForm, rich_text

ALIGNMENTS = [("left", gettext_lazy("Left")), ("center", gettext_lazy("Centre"))]
LEVELS = [("1", gettext_lazy("Large")), ("2", gettext_lazy("Middle")), ("3", gettext_lazy("Small"))]
SHARES = [
    (100, gettext_lazy("Whole width")),
    (66, gettext_lazy("Two thirds")),
    (50, gettext_lazy("Half")),
    (33, gettext_lazy("A third")),
]
LINK = ("target", "url")
OWN: dict[MailKind, tuple[str, ...]] = {
    MailKind.HEADING: ("text", "level", "align"),
    MailKind.TEXT: ("html",),
    MailKind.IMAGE: ("upload", "alt", "is_decorative", "share", *LINK),
    MailKind.BUTTON: ("text", *LINK, "align"),
    MailKind.COLUMNS: ("left", "right"),
    MailKind.DIVIDER: (),
    MailKind.SPACER: ("height",),
    MailKind.FOOTER: ("html", "unsubscribe_label", "preferences_label"),
}
TEMPLATES = ("text", *RICH, "alt", "unsubscribe_label", "preferences_label", "url")


class MailBlockForm(ShownForm):
    """Only the settings that the kind has."""

    text = forms.CharField(label=gettext_lazy("Text"), max_length=300)
    html = forms.CharField(label=gettext_lazy("Text"), max_length=20_000, required=False)
    left = forms.CharField(label=gettext_lazy("Left"), max_length=20_000, required=False)
    right = forms.CharField(label=gettext_lazy("Right"), max_length=20_000, required=False)
    level = forms.ChoiceField(label=gettext_lazy("Size"), choices=LEVELS)
    upload = PictureField()
    alt = forms.CharField(
        label=gettext_lazy("Description of the picture"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("For whoever does not see it: many mail programs show no pictures at first."),
    )
    is_decorative = forms.BooleanField(
        label=gettext_lazy("Decorative"), required=False, help_text=gettext_lazy("It says nothing: screen readers pass it over.")
    )
    share = forms.TypedChoiceField(label=gettext_lazy("Width"), choices=SHARES, coerce=int)
    target = forms.ChoiceField(
        label=gettext_lazy("Leads to"), choices=[("", gettext_lazy("the address below")), *TARGETS.items()], required=False
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    align = forms.ChoiceField(label=gettext_lazy("Alignment"), choices=ALIGNMENTS)
    height = forms.IntegerField(label=gettext_lazy("Height (pixels)"), min_value=4, max_value=200)
    unsubscribe_label = forms.CharField(label=gettext_lazy("Words of the unsubscription link"), max_length=200)
    preferences_label = forms.CharField(
        label=gettext_lazy("Words of the link to the preference page"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Left empty, there is no such link."),
    )

    def __init__(self, block: Block, data: Any = None, files: Any = None) -> None:
        self.block = block
        self.kind = MailKind(block["kind"])
        super().__init__(data, files, prefix="block", initial={"level": "1", "align": "left", "share": 100, **block})
        self.fields = {name: self.fields[name] for name in OWN[self.kind]}
        for name in self.fields:
            if name in RICH:
                self.fields[name].widget = rich_text(get_language() or "")
        self.settle()

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        if url and (not richtext.is_address(url) or url.startswith("page:")):
            raise forms.ValidationError(_("Write an address of the type https, http, mailto or tel."))
        return url

    def clean(self) -> None:
        for name in RICH:
            if name in self.cleaned_data:
                self.cleaned_data[name] = cleaned(self.cleaned_data[name])
        for name in TEMPLATES:
            if self.cleaned_data.get(name):
                try:
                    checked(self.cleaned_data[name], html=True)
                except forms.ValidationError as refusal:
                    self.add_error(name, refusal)

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields that are no boxes, in order."""
        return [self[name] for name in self.fields if name != "is_decorative"]

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name == "is_decorative"]

    def values(self) -> dict[str, Any]:
        """What the block holds then, but for a picture."""
        return {name: value for name, value in self.cleaned_data.items() if name != "upload"}

    def picture(self, *, by: By) -> dict[str, Any]:
        """The picture that was chosen, stored now; nothing where none was."""
        upload = self.cleaned_data.get("upload")
        if not upload:
            return {}
        image = media.keep(upload, by=by)
        return {"digest": image.digest, "width": image.width, "height": image.height, "name": image.name}


def cleaned(html: str) -> str:
    """Rich text as landing pages take it, with merge fields as they were written."""
    aside = Aside()
    return aside.back(richtext.clean(aside.put(html)))


def form_of(blocks: list[Block], key: str, data: Any = None, files: Any = None) -> MailBlockForm | None:
    """The settings of the chosen block; also of one that was removed meanwhile."""
    block = next((block for block in blocks if block["key"] == key), None)
    if block:
        return MailBlockForm(block, data, files)
    kind = (data or {}).get("kind")
    return MailBlockForm(mailblocks.new(kind) | {"key": key}, data, files) if key and kind in MailKind.values else None
