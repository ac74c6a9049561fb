"""The rules that look at more than one person: twins, what others send, the control group, the size of the target.

Each is decided once for a whole preparation, before its ranges, among those whom no rule before it leaves out: a range
would miss the twin in another one. The verdicts stand in Withheld until the preparation is ready.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from deliveries import controlgroups, exclusions, wholes
from deliveries.models import Delivery, Message, Preparation, Withheld
from deliveries.statuses import CONFIRMED, DeliveryStatus, Exclusion, MessageStatus
from profiles import audiences, bulk, erasure
from profiles.channels import Channel
from profiles.joining import one_of
from profiles.models import Profile, ProfileAlias

People = QuerySet[Profile]
GOING = (DeliveryStatus.IN_PROGRESS, DeliveryStatus.PAUSED)
GONE = (MessageStatus.SENT, MessageStatus.UNCERTAIN)


def target(preparation: Preparation) -> People:
    """Everybody in the preparation's audience who existed when it started; its relative dates are relative to that moment."""
    return audiences.profiles(preparation.audience, at=preparation.created_at).filter(pk__lte=preparation.highest_id or 0)


def chosen(preparation: Preparation, rule: dict[str, Any]) -> People | None:
    """Whom this pinned rule leaves out; None where it judges one person by herself, or nothing is set for it."""
    choose = CHOOSERS.get(rule["exclusion"])
    return choose(preparation, rule["parameters"]) if choose else None


def note(people: People, preparation: Preparation, rule: dict[str, Any]) -> None:
    """Write down whom a rule leaves out. In a transaction."""
    erasure.share_the_profiles()
    detail = rule["code"] if rule["exclusion"] == Exclusion.FATIGUE else ""
    same = {
        "preparation": Value(preparation.pk, output_field=IntegerField()),
        "exclusion": Value(rule["exclusion"], output_field=CharField()),
        "detail": Value(detail, output_field=CharField()),
    }
    rows = people.annotate(**{f"for_{name}": value for name, value in same.items()})
    rows = rows.values_list("pk", *(f"for_{name}" for name in same))
    with wholes.planned_for_many():
        bulk.insert_from(rows, into=Withheld, columns=["profile", *same])


def _left(preparation: Preparation) -> People:
    """Those whom no rule decided so far leaves out."""
    channel = Channel.of(preparation.delivery.channel)
    rules = exclusions.personal(preparation.rules, at=preparation.created_at)
    return _not_withheld(target(preparation).filter(exclusions.eligible(channel, rules)), preparation)


def _not_withheld(people: People, preparation: Preparation) -> People:
    return people.filter(~Exists(Withheld.objects.filter(preparation=preparation, profile=OuterRef("pk"))))


def _later_twins(preparation: Preparation, parameters: dict[str, Any]) -> People:
    """The later holders of each address among those left: the oldest profile is kept.

    Addresses that several profiles have are found first, in their index: judging and ordering everybody takes longer.
    """
    address = Channel.of(preparation.delivery.channel).address_field
    holders = Profile.objects.order_by().exclude(**{address: ""}).values(address).annotate(holders=Count("*"))
    shared = holders.filter(holders__gt=1).values(address)
    place = Window(RowNumber(), partition_by=F(address), order_by=F("pk").asc())
    return _left(preparation).filter(one_of(address, shared)).annotate(place=place).filter(place__gt=1)


def _solicited(preparation: Preparation, parameters: dict[str, Any]) -> People | None:
    """Who has got, or will get, as many messages around the contact date as the rule allows; nobody without that date."""
    if not parameters["contact_at"]:
        return None
    contact, period = datetime.fromisoformat(parameters["contact_at"]), timedelta(days=parameters["days"])
    around = contacts(preparation.delivery, contact - period, contact + period, parameters["channels"])
    often = with_messages(around, parameters["messages"])
    return _not_withheld(target(preparation).filter(pk__in=often), preparation)


def with_messages(messages: QuerySet[Message], number: int) -> QuerySet[Message, Any]:
    """The ids of the profiles that have so many of the messages, or more."""
    persons = messages.annotate(person=_person()).order_by().values("person")
    return persons.annotate(number=Count("*")).filter(number__gte=number).values("person")


def contacts(delivery: Delivery, start: datetime, end: datetime, channels: str) -> QuerySet[Message]:
    """Messages of other deliveries that went out, or are to go out, between the two moments."""
    others = Delivery.objects.exclude(pk=delivery.pk).exclude(preparation=None)
    others = others.filter(channel=delivery.channel) if channels == "own" else others
    under_way = Q(finished_at=None) | Q(finished_at__gte=start)
    confirmed = others.filter(under_way, status__in=CONFIRMED, confirmed_at__lte=end)
    due = others.annotate(due_at=Coalesce("contact_at", "confirmed_at")).filter(due_at__gte=start, due_at__lte=end)
    going = due.filter(Q(status__in=GOING) | Q(status=DeliveryStatus.READY, contact_at__isnull=False))
    gone = Q(preparation__in=_preparations(confirmed), status__in=GONE, ended_at__gte=start, ended_at__lte=end)
    waiting = Q(preparation__in=_preparations(going), status=MessageStatus.PENDING)
    return Message.objects.filter(gone | waiting)


def _preparations(deliveries: QuerySet[Delivery]) -> list[int]:
    """Named one by one: messages are found by the preparation that stands first in their key."""
    return [pk for pk in deliveries.values_list("preparation_id", flat=True) if pk]


def _person() -> Any:
    """Whose message it is now: the profile's, or the one's that it was merged into; no work where nobody was merged."""
    if not ProfileAlias.objects.exists():
        return F("profile_id")
    winner = ProfileAlias.objects.filter(former_id=OuterRef("profile_id")).values("winner")[:1]
    return Coalesce(Subquery(winner), F("profile_id"), output_field=BigIntegerField())


def _held_back(preparation: Preparation, parameters: dict[str, Any]) -> People | None:
    """The control group of the delivery."""
    group = parameters["group"]
    if controlgroups.is_none(group):
        return None
    left = _left(preparation)
    with wholes.planned_for_many():
        number = controlgroups.size(group, among=left.count() if "percent" in group else 0)
    return left.order_by(*controlgroups.order(group))[:number]


def _too_many(preparation: Preparation, parameters: dict[str, Any]) -> People | None:
    """Whoever comes after the last that the delivery may have; the oldest profiles are kept."""
    limit = parameters["limit"]
    return _left(preparation).order_by("pk")[limit:] if limit else None


CHOOSERS: dict[str, Callable[[Preparation, dict[str, Any]], People | None]] = {
    Exclusion.DUPLICATE.value: _later_twins,
    Exclusion.FATIGUE.value: _solicited,
    Exclusion.CONTROL_GROUP.value: _held_back,
    Exclusion.SIZE_LIMIT.value: _too_many,
}
