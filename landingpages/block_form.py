"""The settings of one block in the builder."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import blocks, media, richtext
from landingpages.builder_forms import BEHAVIOURS, CHARACTERS, WORDINGS, By, ShownForm, by_language, languages, rich_text
from landingpages.conditions import COMPARING, Operator, clean
from landingpages.kinds import HTML, KINDS, LINES
from landingpages.models import Block, BlockKind, LandingPage, SharedBlock
from profiles import customfields
from profiles.models import Service
from profiles.values import custom_name

# Kind -> the fields of the form that it has beside texts and the condition.
OWN: dict[BlockKind, tuple[str, ...]] = {
    BlockKind.CHECKBOX: ("field", "is_positive", "is_mandatory"),
    BlockKind.SERVICE: ("service_id", "is_positive"),
    BlockKind.AGREEMENT: (),
    BlockKind.HIDDEN: ("field", "value"),
    BlockKind.IMAGE: ("upload", "is_decorative"),
    BlockKind.SHARED: ("shared_id",),
    BlockKind.LINK: ("url", "page_id", "new_window"),
}
INPUT = ("field", "is_mandatory")
CONDITION = ("when", "operator", "than")
OPTIONS = ("value", "is_decorative", "url", "page_id", "new_window")
COLUMNS = ("field", "service_id", "shared_id", "is_mandatory")


class BlockForm(ShownForm):
    """The settings of one block; only those that its kind has."""

    field = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    service_id = forms.TypedChoiceField(label=gettext_lazy("Service"), required=False, coerce=int, empty_value=None)
    shared_id = forms.TypedChoiceField(label=gettext_lazy("Content block"), required=False, coerce=int, empty_value=None)
    upload = forms.FileField(label=gettext_lazy("Picture"), required=False, help_text=media.HELP)
    is_decorative = forms.BooleanField(
        label=gettext_lazy("Decorative"), required=False, help_text=gettext_lazy("It says nothing: screen readers pass it over.")
    )
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=CHARACTERS["label"],
        help_text=gettext_lazy("Written into the field whenever the page is sent. Visitors do not see it and cannot change it."),
    )
    url = forms.CharField(
        label=gettext_lazy("External address"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    page_id = forms.TypedChoiceField(label=gettext_lazy("Or a landing page"), required=False, coerce=int, empty_value=None)
    new_window = forms.BooleanField(label=gettext_lazy("Open in a new window"), required=False)
    is_positive = forms.ChoiceField(
        label=gettext_lazy("Wording"),
        choices=WORDINGS,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The label has to say the same: a person reads it, then ticks."),
    )
    is_mandatory = forms.BooleanField(label=gettext_lazy("Mandatory"), required=False)
    when = forms.ChoiceField(label=gettext_lazy("Visible"), required=False)
    operator = forms.ChoiceField(label=gettext_lazy("Condition"), required=False, choices=Operator.choices)
    than = forms.CharField(
        label=gettext_lazy("Compared with"),
        required=False,
        max_length=CHARACTERS["label"],
        help_text=gettext_lazy("As it is stored: FR for a country, fr for a language, yes or no for a box."),
    )

    def __init__(self, kind: str, data: Any = None, files: Any = None, initial: dict[str, Any] | None = None) -> None:
        self.kind = KINDS[BlockKind(kind)]
        super().__init__(data, files, prefix="block", initial=initial)
        own = OWN.get(self.kind.kind, INPUT if self.kind.is_input else ())
        self.fields = {name: field for name, field in self.fields.items() if name in (*own, *CONDITION)}
        for name, choices in self._choices().items():
            if name in self.fields:
                self.fields[name].choices = choices  # type: ignore[attr-defined]
        if self.kind.kind == BlockKind.SERVICE:
            self.fields["is_positive"].label = _("Behaviour")
            self.fields["is_positive"].choices = BEHAVIOURS  # type: ignore[attr-defined]
        self.fields |= self._texts()
        self.settle()

    @classmethod
    def of(cls, block: Block, data: Any = None, files: Any = None) -> "BlockForm":
        """The form of a stored block."""
        texts = {f"{name}_{code}": text for code, own in block.texts.items() for name, text in own.items()}
        condition = dict(
            zip(CONDITION, (block.visible_when.get(name, "") for name in ("field", "operator", "value")), strict=True)
        )
        initial = {
            **block.options,
            "field": block.field,
            "service_id": block.service_id,
            "shared_id": block.shared_id,
            "is_positive": "yes" if block.is_positive else "no",
            "is_mandatory": block.is_mandatory,
        }
        condition["operator"] = condition["operator"] or Operator.values[0]  # what the list shows by itself is no change
        form = cls(block.kind, data, files, initial=initial | condition | texts)
        form.block = block
        return form

    block: Block | None = None

    def _choices(self) -> dict[str, list[tuple[Any, Any]]]:
        """The lists of those fields that have one; a query for each that the kind has."""
        choose = ("", _("Choose…"))
        lists: dict[str, list[tuple[Any, Any]]] = {"when": [("", _("always")), *self._askable()]}
        if "field" in self.fields:
            lists["field"] = [choose, *self._bindable()]
        if "service_id" in self.fields:
            lists["service_id"] = [choose, *Service.objects.values_list("pk", "label")]
        if "shared_id" in self.fields:
            lists["shared_id"] = [choose, *SharedBlock.objects.values_list("pk", "label")]
        if "page_id" in self.fields:
            lists["page_id"] = [("", _("None")), *LandingPage.objects.order_by("label").values_list("pk", "label")]
        return lists

    def _askable(self) -> list[tuple[str, Any]]:
        """The fields that a condition may ask for, and the one that it asks for even if that is gone."""
        customs = [(custom_name(one.key), one.label) for one in customfields.definitions()]
        every = [*((name, field.label) for name, field in blocks.FIELDS.items()), *customs]
        stored = self.initial.get("when", "")
        gone = [(stored, stored)] if stored and stored not in dict(every) else []
        return [(name, _("when “%(field)s”") % {"field": label}) for name, label in [*every, *gone]]

    def _bindable(self) -> list[tuple[str, Any]]:
        """The fields that suit the kind, and the one that the block has even if it does not: the checks say so."""
        suiting = [(field.name, field.label) for field in blocks.fields_for(self.kind.kind)]
        name = self.initial.get("field", "")
        stored = blocks.known([name]).get(name)
        other = [(stored.name, stored.label)] if stored and stored.name not in dict(suiting) else []
        return [*suiting, *other]

    def _texts(self) -> dict[str, forms.Field]:
        return {f"{name}_{code}": self._text(name, code, language) for code, language in languages() for name in self._names()}

    def _names(self) -> list[str]:
        written = {"label": bool(self.kind.writes), "help": self.kind.takes_help}
        return [name for name in self.kind.text_names if written.get(name, True)]

    def _text(self, name: str, code: str, language: str) -> forms.Field:
        is_long = name == "label" and self.kind.writes in (LINES, HTML)
        attributes: dict[str, Any] = {"lang": code}
        widget: forms.Widget = forms.Textarea(attrs=attributes | {"rows": 4}) if is_long else forms.TextInput(attrs=attributes)
        if is_long and self.kind.writes == HTML:
            widget = rich_text(code)
        limit = CHARACTERS[self.kind.writes if is_long else name]
        words = self._words(name, is_long=is_long) % {"language": language}
        return forms.CharField(label=words, required=False, max_length=limit, widget=widget)

    def _words(self, name: str, *, is_long: bool) -> str:
        if name == "message":
            return _("Message where it is not ticked (%(language)s)")
        if self.kind.kind == BlockKind.IMAGE:
            return _("Description of the picture (%(language)s)")
        return _("Text (%(language)s)") if is_long else _("Label (%(language)s)") if name == "label" else _("Help (%(language)s)")

    @property
    def texts(self) -> list[forms.BoundField]:
        """The fields of the texts, language by language."""
        return [self[name] for name in self._texts()]

    @property
    def own(self) -> list[forms.BoundField]:
        """The settings that only some kinds have, beside field, service and wording."""
        return [self[name] for name in ("shared_id", "upload", "value", "url", "page_id") if name in self.fields]

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in ("is_decorative", "new_window", "is_mandatory") if name in self.fields]

    @property
    def condition(self) -> list[forms.BoundField]:
        return [self[name] for name in CONDITION]

    def clean_upload(self) -> UploadedFile | None:
        """A picture, or nothing; media.Refused says why it is none."""
        upload: UploadedFile | None = self.cleaned_data["upload"]
        if upload:
            try:
                media.read(upload)
            except media.Refused as refusal:
                raise forms.ValidationError(str(refusal)) from refusal
        return upload

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url and (not richtext.is_address(url) or url.startswith("page:")):
            raise forms.ValidationError(_("Write an address of the type https, http, mailto or tel."))
        return url

    def clean(self) -> None:
        data = self.cleaned_data
        if data.get("url") and data.get("page_id"):
            self.add_error("page_id", _("Choose an address or a landing page, not both."))
        if data.get("when") and data.get("operator") in COMPARING and not data.get("than"):
            self.add_error("than", _("Write what the field is compared with."))

    def picture(self, *, by: By) -> dict[str, Any]:
        """The picture that was chosen, stored now; nothing where none was."""
        upload = self.cleaned_data.get("upload")
        return {"image_id": media.keep(upload, by=by).pk} if upload else {}

    def values(self) -> dict[str, Any]:
        """What editing.change() stores, but for a picture."""
        data = self.cleaned_data
        own = {name: data[name] for name in COLUMNS if name in data}
        sense = {"is_positive": data["is_positive"] == "yes"} if "is_positive" in data else {}
        options = {name: data[name] for name in OPTIONS if data.get(name)}
        condition = clean(dict(zip(("field", "operator", "value"), (data[name] for name in CONDITION), strict=True)))
        texts = {"texts": by_language(data, self.kind.text_names)}
        return own | sense | texts | {"options": options, "visible_when": condition}


def form_of(page: LandingPage, key: str, data: Any = None, files: Any = None) -> BlockForm | None:
    """The settings of the chosen block; also of one that was removed meanwhile."""
    block = next((block for block in page.every_block.all() if str(block.key) == key), None)
    if block:
        return BlockForm.of(block, data, files)
    kind = (data or {}).get("kind")
    return BlockForm(kind, data, files) if kind in BlockKind.values else None
