"""How the target of a preparation is made up: by domain, country and language; counted once, when it is complete."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, Func, Q, QuerySet
from django.utils.translation import gettext as _

from deliveries import wholes
from deliveries.models import Message, Preparation
from deliveries.result_models import Share, ShareKind
from profiles.regions import country_name, language_name

MOST = 20  # values of each kind; the others are counted together
COLUMNS = {ShareKind.COUNTRY: "profile__country", ShareKind.LANGUAGE: "profile__preferred_language"}
NUMBERS = {"targeted": Count("profile_id"), "to_deliver": Count("profile_id", filter=Q(exclusion=""))}
WITHOUT_DOMAIN = (ShareKind.COUNTRY, ShareKind.LANGUAGE)
NAMES: dict[ShareKind, Callable[[str], str]] = {
    ShareKind.DOMAIN: str,
    ShareKind.COUNTRY: country_name,
    ShareKind.LANGUAGE: language_name,
}


@dataclass(frozen=True)
class Line:
    """One line of a table; `others` are all that are not among the most frequent."""

    label: str
    targeted: int
    to_deliver: int

    @property
    def excluded(self) -> int:
        return self.targeted - self.to_deliver


@dataclass(frozen=True)
class Table:
    kind: ShareKind
    lines: list[Line]


def count(preparation: Preparation) -> list[Share]:
    """The shares of a preparation, not saved yet; a person who was erased since it began counts among the others."""
    messages = Message.objects.filter(preparation=preparation).order_by()
    kinds = tuple(ShareKind) if preparation.delivery.is_email else WITHOUT_DOMAIN
    with wholes.planned_for_many():
        found = _by_country_and_language(messages)
        if ShareKind.DOMAIN in kinds:
            found |= {ShareKind.DOMAIN: _most(messages.annotate(value=Domain("address")))}
    return [Share(preparation=preparation, kind=kind, **row) for kind in kinds for row in found[kind]]


def tables(preparation: Preparation) -> list[Table]:
    """Every kind that was counted, the most frequent value first and the others last; one query."""
    rows: dict[str, list[Share]] = {}
    for share in Share.objects.filter(preparation=preparation):
        rows.setdefault(share.kind, []).append(share)
    return [Table(kind, list(_lines(preparation, kind, rows[kind]))) for kind in ShareKind if kind in rows]


class Domain(Func):
    """What stands after the @ of an address; empty where it is no email address."""

    output_field = CharField()
    template = "split_part(%(expressions)s, '@', 2)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        at = "instr(%(expressions)s, '@')"
        domain = f"CASE WHEN {at} > 0 THEN substr(%(expressions)s, {at} + 1) ELSE '' END"
        return self.as_sql(compiler, connection, template=domain, **context)


def _most(groups: QuerySet[Any]) -> list[dict[str, Any]]:
    """The most frequent values of messages that have one."""
    counted = groups.values("value").annotate(**NUMBERS)
    return list(counted.order_by("-targeted", "value")[:MOST])


def _by_country_and_language(messages: QuerySet[Message]) -> dict[ShareKind, list[dict[str, Any]]]:
    """Both in one pass over the profiles: there are not many pairs of two-letter codes."""
    pairs = messages.values_list(*COLUMNS.values()).annotate(**NUMBERS)
    sums: dict[ShareKind, dict[str, list[int]]] = {kind: {} for kind in COLUMNS}
    for *values, targeted, to_deliver in pairs:
        for kind, value in zip(COLUMNS, values, strict=True):
            one = sums[kind].setdefault(value, [0, 0])
            one[0] += targeted
            one[1] += to_deliver
    return {kind: _largest(by_value) for kind, by_value in sums.items()}


def _largest(by_value: dict[str, list[int]]) -> list[dict[str, Any]]:
    ordered = sorted(by_value.items(), key=lambda item: (-item[1][0], item[0]))[:MOST]
    return [{"value": value, "targeted": targeted, "to_deliver": to_deliver} for value, (targeted, to_deliver) in ordered]


def _lines(preparation: Preparation, kind: ShareKind, shares: list[Share]) -> Iterator[Line]:
    for share in shares:
        yield Line(NAMES[kind](share.value) if share.value else _("not known"), share.targeted, share.to_deliver)
    targeted = preparation.targeted - sum(share.targeted for share in shares)
    if targeted:
        yield Line(_("others"), targeted, preparation.to_deliver - sum(share.to_deliver for share in shares))
