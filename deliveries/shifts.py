"""A preparation compared with the one before: who is new, who left, who is delivered to or left out now and was not.

Both have their messages in the order of the same key, so the database compares them in one pass; what it counted is kept.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Exists, Max, Min, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import wholes
from deliveries.models import ExclusionCause, Message, MessageQuerySet, Preparation
from deliveries.result_models import Shift
from deliveries.statuses import Exclusion, PreparationStatus

COMPARABLE = (PreparationStatus.READY, PreparationStatus.SUPERSEDED)
VERDICT = "CASE WHEN {row}.exclusion = '' THEN '" + Shift.DELIVER + "' ELSE {row}.exclusion END"


@dataclass(frozen=True)
class Kind:
    """A way to be different: its name in the URL, and for people."""

    name: str
    label: Any


KINDS = {
    kind.name: kind
    for kind in (
        Kind("new", gettext_lazy("New in the target")),
        Kind("gone", gettext_lazy("No longer in the target")),
        Kind("now_excluded", gettext_lazy("Left out now, delivered to before")),
        Kind("now_delivered", gettext_lazy("Delivered to now, left out before")),
        Kind("other_reason", gettext_lazy("Left out for another reason")),
    )
}


@dataclass
class Change:
    """The shifts of one kind with their sum."""

    kind: Kind
    shifts: list[Shift] = field(default_factory=list)

    @property
    def volume(self) -> int:
        return sum(shift.volume for shift in self.shifts)

    @property
    def parts(self) -> list[tuple[str, int]]:
        """What they were and what they are, in words, the most frequent first."""
        ordered = sorted(self.shifts, key=lambda shift: -shift.volume)
        return [(_in_words(shift, self.kind), shift.volume) for shift in ordered]


def kind_of(before: str, after: str) -> str:
    if before == Shift.ABSENT:
        return "new"
    if after == Shift.ABSENT:
        return "gone"
    if before == Shift.DELIVER:
        return "now_excluded"
    return "now_delivered" if after == Shift.DELIVER else "other_reason"


def former(preparation: Preparation) -> Preparation | None:
    """The last preparation of the delivery that was completed before this one, and still has its messages."""
    others = Preparation.objects.filter(delivery=preparation.delivery_id, number__lt=preparation.number)
    return others.filter(status__in=COMPARABLE, purged_at=None).order_by("-number").first()


def count(preparation: Preparation) -> list[Shift]:
    """What is different from the former preparation, not saved yet; nothing where there is none.

    Who is gone is what the former one counted of a verdict, less those of them who are here: no second pass finds them.
    """
    one_before = former(preparation)
    if one_before is None:
        return []
    with wholes.planned_for_many():
        rows = _rows(PAIRS, [one_before.pk, preparation.pk])
    gone = Counter({Shift.DELIVER: one_before.to_deliver})
    for exclusion, volume in ExclusionCause.objects.filter(preparation=one_before).values_list("exclusion", "volume"):
        gone[exclusion] += volume
    for before, _after, volume, _low, _high in rows:
        gone[before] -= volume
    rows = [row for row in rows if row[0] != row[1]]
    rows += [(before, Shift.ABSENT, volume, 0, one_before.highest_id or 0) for before, volume in gone.items() if volume > 0]
    names = ("before", "after", "volume", "low", "high")
    return [Shift(preparation=preparation, former=one_before, **dict(zip(names, row, strict=True))) for row in rows]


def changes(preparation: Preparation) -> list[Change]:
    """Every kind in its order, zeros too; one query."""
    found = {name: Change(kind) for name, kind in KINDS.items()}
    for shift in Shift.objects.filter(preparation=preparation):
        found[kind_of(shift.before, shift.after)].shifts.append(shift)
    return list(found.values())


def messages(preparation: Preparation, before: Preparation, kind: str) -> MessageQuerySet:
    """The messages of those who changed so: of this preparation, or of the former one for who is gone."""
    here, there = (before, preparation) if kind == "gone" else (preparation, before)
    bounds = Shift.objects.filter(CONDITIONS[kind], preparation=preparation).aggregate(low=Min("low"), high=Max("high"))
    rows = Message.objects.filter(preparation=here)
    if bounds["low"] is None:
        return rows.none()
    rows = rows.filter(profile__gte=bounds["low"], profile__lte=bounds["high"])
    other = Message.objects.filter(preparation=there, profile=OuterRef("profile_id"))
    if kind in ("new", "gone"):
        return rows.filter(~Exists(other))
    if kind == "now_excluded":
        return rows.excluded().filter(Exists(other.to_deliver()))
    if kind == "now_delivered":
        return rows.to_deliver().filter(Exists(other.excluded()))
    return rows.excluded().filter(Exists(other.excluded().exclude(exclusion=OuterRef("exclusion"))))


ABSENT_BEFORE, ABSENT_AFTER = Q(before=Shift.ABSENT), Q(after=Shift.ABSENT)
STAYED = ~ABSENT_BEFORE & ~ABSENT_AFTER
CONDITIONS = {
    "new": ABSENT_BEFORE,
    "gone": ABSENT_AFTER,
    "now_excluded": STAYED & Q(before=Shift.DELIVER),
    "now_delivered": STAYED & Q(after=Shift.DELIVER),
    "other_reason": STAYED & ~Q(before=Shift.DELIVER) & ~Q(after=Shift.DELIVER),
}

TABLE = Message._meta.db_table
PAIRS = f"""
    SELECT CASE WHEN former.profile_id IS NULL THEN '{Shift.ABSENT}' ELSE {VERDICT.format(row="former")} END AS before,
        {VERDICT.format(row="current")} AS after, COUNT(*), MIN(current.profile_id), MAX(current.profile_id)
    FROM {TABLE} AS current
    LEFT JOIN {TABLE} AS former ON former.preparation_id = %s AND former.profile_id = current.profile_id
    WHERE current.preparation_id = %s GROUP BY 1, 2"""


def _rows(sql: str, parameters: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def verdict(name: str) -> str:
    """A verdict in words."""
    known = {Shift.DELIVER: _("To deliver"), Shift.ABSENT: _("not in the audience")}
    return known.get(name) or str(Exclusion(name).label)


def _in_words(shift: Shift, kind: Kind) -> str:
    if kind.name in ("new", "gone"):
        return verdict(shift.after if kind.name == "new" else shift.before)
    return _("%(before)s → %(after)s") % {"before": verdict(shift.before), "after": verdict(shift.after)}
