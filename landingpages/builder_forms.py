"""The settings of one block in the builder, and the texts of the two other pages."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import blocks
from landingpages.models import Block, BlockKind, LandingPage
from landingpages.snapshots import BLOCK_TEXTS
from profiles.models import Service
from profiles.wasshown import remember

BEHAVIOURS = [("yes", gettext_lazy("check to subscribe")), ("no", gettext_lazy("check to unsubscribe"))]
WORDINGS = [("yes", gettext_lazy("ticked = receives")), ("no", gettext_lazy("ticked = stops"))]
CHARACTERS = {"label": 300, "help": 500, "text": 5000}


def languages() -> list[tuple[str, str]]:
    """The languages of pages, by their names in the operator's language."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


class ShownForm(forms.Form):
    """A form that carries what it showed: unchanged means as it was shown, whatever is stored by now."""

    def settle(self) -> None:
        """Once all fields are there."""
        for field in self.fields.values():
            remember(field)


class BlockForm(ShownForm):
    """The settings of one block; only those that its kind has."""

    field = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    service_id = forms.TypedChoiceField(label=gettext_lazy("Service"), required=False, coerce=int, empty_value=None)
    is_positive = forms.ChoiceField(
        label=gettext_lazy("Wording"),
        choices=WORDINGS,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The label has to say the same: a person reads it, then ticks."),
    )
    is_mandatory = forms.BooleanField(label=gettext_lazy("Mandatory"), required=False)

    def __init__(self, kind: str, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        self.kind = blocks.KINDS[BlockKind(kind)]
        super().__init__(data, prefix="block", initial=initial)
        if self.kind.kind == BlockKind.SERVICE:
            self._be_about_a_service()
        elif not self.kind.is_input:
            self.fields.clear()
        else:
            del self.fields["service_id"]
            if self.kind.kind != BlockKind.CHECKBOX:
                del self.fields["is_positive"]
        if "field" in self.fields:
            self.fields["field"].choices = self._bindable()  # type: ignore[attr-defined]
        self.fields |= self._texts()
        self.settle()

    @classmethod
    def of(cls, block: Block, data: Any = None) -> "BlockForm":
        """The form of a stored block."""
        texts = {f"{name}_{code}": text for code, own in block.texts.items() for name, text in own.items()}
        initial = {
            "field": block.field,
            "service_id": block.service_id,
            "is_positive": "yes" if block.is_positive else "no",
            "is_mandatory": block.is_mandatory,
        }
        return cls(block.kind, data, initial=initial | texts)

    def _be_about_a_service(self) -> None:
        """A service and what the tick means, instead of a field; nobody has to tick it (reference 3.5.8)."""
        del self.fields["field"], self.fields["is_mandatory"]
        services = Service.objects.values_list("pk", "label")
        self.fields["service_id"].choices = [("", _("Choose…")), *services]  # type: ignore[attr-defined]
        self.fields["is_positive"].label = _("Behaviour")
        self.fields["is_positive"].choices = BEHAVIOURS  # type: ignore[attr-defined]

    def _bindable(self) -> list[tuple[str, Any]]:
        """The fields that suit the kind, and the one that the block has even if it does not: the checks say so."""
        suiting = [(field.name, field.label) for field in blocks.fields_for(self.kind.kind)]
        name = self.initial.get("field", "")
        stored = blocks.known([name]).get(name)
        other = [(stored.name, stored.label)] if stored and stored.name not in dict(suiting) else []
        return [("", _("Choose…")), *suiting, *other]

    def _texts(self) -> dict[str, forms.Field]:
        names = BLOCK_TEXTS if self.kind.takes_help else BLOCK_TEXTS[:1]
        return {f"{name}_{code}": self._text(name, code, language) for code, language in languages() for name in names}

    def _text(self, name: str, code: str, language: str) -> forms.Field:
        is_long = self.kind.kind == BlockKind.TEXT
        words = (
            _("Text (%(language)s)") if is_long else _("Label (%(language)s)") if name == "label" else _("Help (%(language)s)")
        )
        widget = forms.Textarea(attrs={"rows": 4, "lang": code}) if is_long else forms.TextInput(attrs={"lang": code})
        limit = CHARACTERS["text" if is_long else name]
        return forms.CharField(label=words % {"language": language}, required=False, max_length=limit, widget=widget)

    @property
    def texts(self) -> list[forms.BoundField]:
        """The fields of the texts, language by language."""
        return [self[name] for name in self._texts()]

    def values(self) -> dict[str, Any]:
        """What editing.change() stores."""
        data = self.cleaned_data
        own = {name: data[name] for name in ("field", "service_id", "is_mandatory") if name in data}
        sense = {"is_positive": data["is_positive"] == "yes"} if "is_positive" in data else {}
        return own | sense | {"texts": _by_language(data, BLOCK_TEXTS)}


class PageTextForm(ShownForm):
    """What the confirmation page or the error page says, in every language."""

    def __init__(self, part: str, texts: Mapping[str, dict[str, str]], data: Any = None) -> None:
        self.part, self.stored = part, texts
        super().__init__(data, prefix="page", initial={f"{part}_{code}": own.get(part, "") for code, own in texts.items()})
        for code, language in languages():
            widget = forms.Textarea(attrs={"rows": 5, "lang": code})
            self.fields[f"{part}_{code}"] = forms.CharField(
                label=language, required=False, max_length=CHARACTERS["text"], widget=widget
            )
        self.settle()

    def values(self) -> dict[str, Any]:
        """What editing.change_page() stores; the text of the other page stays."""
        typed = _by_language(self.cleaned_data, (self.part,))
        return {"texts": {code: {**self.stored.get(code, {}), **own} for code, own in typed.items()}}


EditForm = BlockForm | PageTextForm


def form_of(page: LandingPage, part: str, key: str, data: Any = None) -> EditForm | None:
    """The settings of the chosen block, or the texts of another part; also of a block that was removed meanwhile."""
    if part != "content":
        return PageTextForm(part, page.texts, data)
    block = next((block for block in page.blocks.all() if str(block.key) == key), None)
    if block:
        return BlockForm.of(block, data)
    kind = (data or {}).get("kind")
    return BlockForm(kind, data) if kind in BlockKind.values else None


def _by_language(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """{"label_en": "Name"} as {"en": {"label": "Name"}}."""
    return {code: {name: data.get(f"{name}_{code}", "") for name in names} for code, _language in languages()}
