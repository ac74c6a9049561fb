"""The table of block kinds, and of the fields of a profile that an input may be bound to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from landingpages.models import BlockKind
from profiles import customfields
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.models import CustomField, CustomType, Profile
from profiles.values import custom_key, custom_name, known_customs

Texts = dict[str, dict[str, str]]  # language -> {"label": …, "help": …}


@dataclass(frozen=True)
class BoundField:
    """Something of a profile that visitors may give: an ordinary column, the opt-out box of a scope, or a custom field."""

    name: str
    label: Any
    kinds: frozenset[BlockKind]
    column: str = ""
    scope: str = ""
    custom: CustomField | None = None

    @property
    def is_answer(self) -> bool:
        """Whether it is a custom field that a tick says yes to."""
        return self.custom is not None and self.custom.type == CustomType.YES_NO

    def suits(self, kind: str) -> bool:
        return kind in self.kinds

    def can_hold(self, kind: str) -> bool:
        """Whether a block of this kind gives a value that could be stored at all: an answer for a box, text for a column."""
        return (bool(self.scope) or self.is_answer) == (kind == BlockKind.CHECKBOX)


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
    "gender": BlockKind.TEXT_INPUT,
    "middle_name": BlockKind.TEXT_INPUT,
    "title": BlockKind.TEXT_INPUT,
    "birth_date": BlockKind.TEXT_INPUT,
    "email": BlockKind.EMAIL,
    "mobile": BlockKind.PHONE,
    "external_id": BlockKind.TEXT_INPUT,  # compared with what is stored, never written
    "phone": BlockKind.TEXT_INPUT,
    "street": BlockKind.TEXT_INPUT,
    "street_2": BlockKind.TEXT_INPUT,
    "postal_code": BlockKind.TEXT_INPUT,
    "city": BlockKind.TEXT_INPUT,
    "state": BlockKind.TEXT_INPUT,
    "country": BlockKind.TEXT_INPUT,
    "preferred_language": BlockKind.TEXT_INPUT,
}


def _column(name: str, kind: BlockKind) -> BoundField:
    label = capfirst(Profile._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return BoundField(name, label, frozenset({kind}), column=name)


def _box(scope: str, name: str) -> BoundField:
    return BoundField(name, OPT_OUT_LABELS[scope], frozenset({BlockKind.CHECKBOX}), scope=scope)


def _custom(custom: CustomField) -> BoundField:
    kind = BlockKind.CHECKBOX if custom.type == CustomType.YES_NO else BlockKind.TEXT_INPUT
    return BoundField(custom_name(custom.key), custom.label, frozenset({kind}), custom=custom)


# Nothing else of a profile can be reached from a landing page, but the custom fields that a version has frozen.
FIELDS: dict[str, BoundField] = {
    **{name: _column(name, kind) for name, kind in COLUMNS.items()},
    **{name: _box(scope, name) for scope, name in OPT_OUT_FIELDS.items()},
}


def fields_for(kind: str) -> list[BoundField]:
    """The fields that suit a block of this kind, in the order of the General tab."""
    return [field for field in (*FIELDS.values(), *custom_fields()) if field.suits(kind)]


def custom_fields() -> list[BoundField]:
    """The fields that this installation has added."""
    return [_custom(custom) for custom in customfields.definitions()]


def known(names: Iterable[str]) -> dict[str, BoundField]:
    """Name -> field, for those of these names that a page can be bound to now; a query where custom fields are among them."""
    wanted = list(names)
    customs = known_customs(wanted)
    return {name: FIELDS[name] for name in wanted if name in FIELDS} | {name: _custom(one) for name, one in customs.items()}


def freeze(field: BoundField) -> dict[str, Any]:
    """What a version keeps of a custom field: whatever becomes of the definition, the page works as it was published."""
    custom = field.custom
    return {"custom": {"type": custom.type, "options": list(custom.options)}} if custom else {}


def bound(block: Mapping[str, Any]) -> BoundField | None:
    """The field that a block of a version, or of a snapshot, is bound to; None where there is none. A custom one has no label."""
    name: str = block["field"]
    frozen = block.get("custom")
    return FIELDS.get(name) or (_custom(CustomField(key=custom_key(name), **frozen)) if frozen else None)
