"""How the target of a preparation is made up: by domain, country and language; counted once, when it is complete."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import StrIndex, Substr
from django.utils.translation import gettext as _

from deliveries.models import Message, Preparation
from deliveries.result_models import Share, ShareKind
from profiles.channels import Channel
from profiles.regions import country_name, language_name

MOST = 20  # values of each kind; the others are counted together
COLUMNS = {ShareKind.COUNTRY: "profile__country", ShareKind.LANGUAGE: "profile__preferred_language"}
BY_CHANNEL = {Channel.EMAIL: tuple(ShareKind), Channel.SMS: (ShareKind.COUNTRY, ShareKind.LANGUAGE)}
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
    kinds = BY_CHANNEL[Channel.of(preparation.delivery.channel)]
    return [Share(preparation=preparation, kind=kind, **row) for kind in kinds for row in _most(messages, kind)]


def tables(preparation: Preparation) -> list[Table]:
    """Every kind that was counted, the most frequent value first and the others last; one query."""
    rows: dict[str, list[Share]] = {}
    for share in Share.objects.filter(preparation=preparation):
        rows.setdefault(share.kind, []).append(share)
    return [Table(kind, list(_lines(preparation, kind, rows[kind]))) for kind in ShareKind if kind in rows]


def _most(messages: QuerySet[Message], kind: ShareKind) -> QuerySet[Any, Any]:
    value = _domain() if kind == ShareKind.DOMAIN else F(COLUMNS[kind])
    groups = messages.annotate(value=value).values("value")
    counted = groups.annotate(targeted=Count("profile_id"), to_deliver=Count("profile_id", filter=Q(exclusion="")))
    return counted.order_by("-targeted", "value")[:MOST]


def _domain() -> Case:
    """Of the address that the message has; none where it is no email address."""
    at, text = StrIndex("address", Value("@")), CharField()
    return Case(When(address__contains="@", then=Substr("address", at + 1)), default=Value("", text), output_field=text)


def _lines(preparation: Preparation, kind: ShareKind, shares: list[Share]) -> Iterator[Line]:
    for share in shares:
        yield Line(NAMES[kind](share.value) if share.value else _("not known"), share.targeted, share.to_deliver)
    targeted = preparation.targeted - sum(share.targeted for share in shares)
    if targeted:
        yield Line(_("others"), targeted, preparation.to_deliver - sum(share.to_deliver for share in shares))
