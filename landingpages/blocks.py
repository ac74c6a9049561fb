"""The fields of a profile that a block may be bound to, and which kinds suit them or can hold them at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from landingpages.models import BlockKind
from profiles import customfields
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.models import CustomField, CustomType, Profile
from profiles.values import custom_key, custom_name, known_customs

TYPED = frozenset({
    BlockKind.TEXT_INPUT, BlockKind.LONG_TEXT, BlockKind.NUMBER, BlockKind.DATE, BlockKind.EMAIL, BlockKind.PHONE,
})  # fmt: skip
CHOSEN = frozenset({BlockKind.CHOICE, BlockKind.RADIO})
FIXED = frozenset({BlockKind.HIDDEN})
BOX = frozenset({BlockKind.CHECKBOX})


@dataclass(frozen=True)
class BoundField:
    """Something of a profile that visitors may give: an ordinary column, the opt-out box of a scope, or a custom field."""

    name: str
    label: Any
    kinds: frozenset[BlockKind]
    holds: frozenset[BlockKind]
    column: str = ""
    scope: str = ""
    custom: CustomField | None = None

    @property
    def is_answer(self) -> bool:
        """Whether it is a custom field that says yes or no."""
        return self.custom is not None and self.custom.type == CustomType.YES_NO

    def suits(self, kind: str) -> bool:
        return kind in self.kinds

    def can_hold(self, kind: str) -> bool:
        """Whether a block of this kind gives a value that could be stored at all, suiting or not."""
        return kind in self.holds


# Column -> the kinds that suit it. An address is what a person gives: no constant can be one.
TEXT = frozenset({BlockKind.TEXT_INPUT}) | FIXED
COLUMNS: dict[str, frozenset[BlockKind]] = {
    "first_name": TEXT,
    "last_name": TEXT,
    "gender": CHOSEN | FIXED,
    "middle_name": TEXT,
    "title": TEXT,
    "birth_date": frozenset({BlockKind.DATE}),
    "email": frozenset({BlockKind.EMAIL}),
    "mobile": frozenset({BlockKind.PHONE}),
    "external_id": frozenset({BlockKind.TEXT_INPUT}),  # compared with what is stored, never written
    "phone": frozenset({BlockKind.PHONE, BlockKind.TEXT_INPUT}) | FIXED,
    "street": TEXT | {BlockKind.LONG_TEXT},
    "street_2": TEXT,
    "postal_code": TEXT,
    "city": TEXT,
    "state": TEXT,
    "country": frozenset({BlockKind.CHOICE}) | FIXED,
    "preferred_language": frozenset({BlockKind.CHOICE}) | FIXED,
}
LISTS = ("gender", "country", "preferred_language")
# Column -> the kinds that it can hold besides; the input is made for the column then, and the checks warn.
ALSO: dict[str, frozenset[BlockKind]] = {
    "birth_date": frozenset({BlockKind.TEXT_INPUT}),
    "email": frozenset({BlockKind.TEXT_INPUT}),
    "mobile": frozenset({BlockKind.TEXT_INPUT}),
    "external_id": frozenset(),
    **{name: CHOSEN | {BlockKind.TEXT_INPUT} for name in LISTS},
}
CUSTOM_KINDS: dict[str, frozenset[BlockKind]] = {
    CustomType.TEXT: frozenset({BlockKind.TEXT_INPUT, BlockKind.LONG_TEXT}),
    CustomType.NUMBER: frozenset({BlockKind.NUMBER}),
    CustomType.DATE: frozenset({BlockKind.DATE}),
    CustomType.YES_NO: BOX | CHOSEN,
    CustomType.CHOICE: CHOSEN,
}


def _column(name: str, kinds: frozenset[BlockKind]) -> BoundField:
    label = capfirst(Profile._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return BoundField(name, label, kinds, kinds | ALSO.get(name, TYPED), column=name)


def _box(scope: str, name: str) -> BoundField:
    return BoundField(name, OPT_OUT_LABELS[scope], BOX, BOX, scope=scope)


def _custom(custom: CustomField) -> BoundField:
    kinds = CUSTOM_KINDS[custom.type] | FIXED
    also = {CustomType.TEXT: TYPED, CustomType.YES_NO: frozenset()}.get(
        CustomType(custom.type), frozenset({BlockKind.TEXT_INPUT})
    )
    return BoundField(custom_name(custom.key), custom.label, kinds, kinds | also, custom=custom)


# Nothing else of a profile can be reached from a landing page, but the custom fields that a version has frozen.
FIELDS: dict[str, BoundField] = {
    **{name: _column(name, kinds) for name, kinds in COLUMNS.items()},
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
