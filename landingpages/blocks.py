"""The table of block kinds, and of the fields of a profile that an input may be bound to."""

from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from landingpages.models import BlockKind
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.models import Profile

Texts = dict[str, dict[str, str]]  # language -> {"label": …, "help": …}


@dataclass(frozen=True)
class BoundField:
    """Something of a profile that visitors may give: an ordinary column, or the opt-out box of a scope."""

    name: str
    label: Any
    kinds: frozenset[BlockKind]
    column: str = ""
    scope: str = ""

    def suits(self, kind: str) -> bool:
        return kind in self.kinds

    def can_hold(self, kind: str) -> bool:
        """Whether a block of this kind gives a value that could be stored at all: an answer for a box, text for a column."""
        return bool(self.scope) == (kind == BlockKind.CHECKBOX)


@dataclass(frozen=True)
class Kind:
    """A kind of block: whether visitors fill it in, and the texts that a new one starts with."""

    kind: BlockKind
    label: Any
    is_input: bool
    takes_field: bool
    takes_help: bool
    default_texts: Texts
    default_field: str = ""


def _texts(en: str, fr: str) -> Texts:
    return {"en": {"label": en, "help": ""}, "fr": {"label": fr, "help": ""}}


def _kind(kind: BlockKind, en: str, fr: str, *, is_input: bool = False, default_field: str = "") -> Kind:
    return Kind(kind, kind.label, is_input, is_input, is_input, _texts(en, fr), default_field)


def _box_about_a_service() -> Kind:
    """Visitors fill it in, yet it is bound to a service and to no field."""
    texts = _texts("Subscribe", "M’abonner")
    return Kind(
        BlockKind.SERVICE, BlockKind.SERVICE.label, is_input=True, takes_field=False, takes_help=True, default_texts=texts
    )


KINDS: dict[BlockKind, Kind] = {
    entry.kind: entry
    for entry in (
        _kind(BlockKind.HEADING, "Heading", "Titre"),
        _kind(BlockKind.TEXT, "Text", "Texte"),
        _kind(BlockKind.TEXT_INPUT, "Text input", "Champ de texte", is_input=True),
        _kind(BlockKind.EMAIL, "Email", "Email", is_input=True, default_field="email"),
        _kind(BlockKind.PHONE, "Mobile", "Mobile", is_input=True, default_field="mobile"),
        _kind(BlockKind.CHECKBOX, "Checkbox", "Case à cocher", is_input=True),
        _box_about_a_service(),
        _kind(BlockKind.BUTTON, "Send", "Envoyer"),
    )
}

COLUMNS: dict[str, BlockKind] = {
    "first_name": BlockKind.TEXT_INPUT,
    "last_name": BlockKind.TEXT_INPUT,
    "email": BlockKind.EMAIL,
    "mobile": BlockKind.PHONE,
    "street": BlockKind.TEXT_INPUT,
    "postal_code": BlockKind.TEXT_INPUT,
    "city": BlockKind.TEXT_INPUT,
    "country": BlockKind.TEXT_INPUT,
    "preferred_language": BlockKind.TEXT_INPUT,
}


def _column(name: str, kind: BlockKind) -> BoundField:
    label = capfirst(Profile._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return BoundField(name, label, frozenset({kind}), column=name)


def _box(scope: str, name: str) -> BoundField:
    return BoundField(name, OPT_OUT_LABELS[scope], frozenset({BlockKind.CHECKBOX}), scope=scope)


# Nothing else of a profile can be reached from a landing page.
FIELDS: dict[str, BoundField] = {
    **{name: _column(name, kind) for name, kind in COLUMNS.items()},
    **{name: _box(scope, name) for scope, name in OPT_OUT_FIELDS.items()},
}


def fields_for(kind: str) -> list[BoundField]:
    """The fields that suit a block of this kind, in the order of the General tab."""
    return [field for field in FIELDS.values() if field.suits(kind)]
