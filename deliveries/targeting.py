"""The one pass over the profiles: a row per targeted person with its verdict, written inside the database."""

from typing import Any

from django.db import connection
from django.db.models import Case, CharField, Count, DateTimeField, F, IntegerField, Model, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from deliveries import exclusions
from deliveries.models import Message, Preparation, Withheld
from deliveries.statuses import Exclusion, MessageStatus
from profiles import audiences, bulk, erasure
from profiles.channels import Channel
from profiles.models import Profile


def target(preparation: Preparation) -> QuerySet[Profile]:
    """Everybody in the preparation's audience who existed when it started; its relative dates are relative to that moment."""
    return audiences.profiles(preparation.audience, at=preparation.created_at).filter(pk__lte=preparation.highest_id or 0)


def write_duplicates(preparation: Preparation) -> int:
    """Note the later holders of each address among those left by the standing rules; the oldest profile is kept.

    Computed once for the whole preparation, before the ranges: a window over a single range would miss twins.
    """
    channel = Channel.of(preparation.delivery.channel)
    place = Window(RowNumber(), partition_by=F(channel.address_field), order_by=F("pk").asc())
    later = (
        target(preparation)
        .filter(exclusions.eligible(channel))
        .annotate(place=place, for_preparation=Value(preparation.pk, output_field=IntegerField()))
        .filter(place__gt=1)
        .values_list("for_preparation", "pk")
    )
    return _insert(later, into=Withheld, columns=["preparation", "profile"])


def write_messages(preparation: Preparation, *, above: int, up_to: int) -> int:
    """INSERT … SELECT the messages of the profiles with above < id ≤ up_to; the number of rows."""
    channel = Channel.of(preparation.delivery.channel)
    rows = target(preparation).filter(pk__gt=above, pk__lte=up_to)
    columns = _columns(preparation, channel)
    selected = rows.annotate(**{f"new_{name}": expression for name, expression in columns.items()})
    names = [f"new_{name}" for name in columns]
    return _insert(selected.values_list("pk", *names), into=Message, columns=["profile", *columns])


def _insert(rows: QuerySet[Profile, Any], *, into: type[Model], columns: list[str]) -> int:
    """In the transaction of the range. Compiling the long conditions took PostgreSQL six times as long as running them."""
    erasure.share_the_profiles()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit TO off")
    return bulk.insert_from(rows, into=into, columns=columns)


def _columns(preparation: Preparation, channel: Channel) -> dict[str, Any]:
    text, verdict = CharField(), exclusions.verdict(channel, preparation)
    return {
        "preparation": Value(preparation.pk, output_field=IntegerField()),
        "address": F(channel.address_field),
        "exclusion": verdict,
        "detail": exclusions.detail(channel),
        "status": Case(
            When(new_exclusion="", then=Value(MessageStatus.PENDING.value, output_field=text)),
            default=Value(MessageStatus.IGNORED.value, output_field=text),
            output_field=text,
        ),
        "outcome": Value("", output_field=text),
        "attempts": Value(0, output_field=IntegerField()),
        "prepared_at": Value(timezone.now(), output_field=DateTimeField()),
        "provider_id": Value("", output_field=text),
    }


def counted_exclusions() -> list[Exclusion]:
    """The rules that count() applies, in their order."""
    return [rule.exclusion for rule in exclusions.STANDING_RULES]


def count(tree: audiences.Tree, channel: Channel) -> dict[str, int]:
    """How an audience would split now: verdict -> number of profiles, "" for those left before duplicates."""
    rows = audiences.profiles(tree).annotate(verdict=exclusions.crowd_verdict(channel)).order_by()
    return dict(rows.values_list("verdict").annotate(number=Count("pk")).order_by())
