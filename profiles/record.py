"""Everything that the ledger holds about one person, with what proves it: for a regulator, or for the person."""

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import OuterRef, QuerySet, Subquery

from profiles import history, sealing, serialising
from profiles.consent_at import profile_ids
from profiles.models import ConsentEvent, Profile, Seal, SealedBatch


@dataclass(frozen=True)
class Line:
    """One event and its seal. `batch`: None while its turn to be sealed has not come; `genuine`: it is as it was sealed."""

    event: ConsentEvent
    change: str
    who: str
    where: str
    batch: int | None
    sealed: bool
    genuine: bool


@dataclass(frozen=True)
class Record:
    lines: list[Line]  # oldest first
    newest_batch: SealedBatch | None  # of those that these events are in
    merged: list[int]  # other profiles whose events these are, too


def consent_record(profile: Profile, using: str = "default") -> Record:
    """The record, checked against the seals while it is read. Four queries, however many events there are."""
    profiles = profile_ids(profile)
    events = list(_with_seals(ConsentEvent.objects.using(using).filter(profile__in=profiles).order_by("pk")))
    texts = dict(serialising.of_profiles(connections[using], profiles))
    code = sealing.event_code()
    lines = [
        Line(
            event,
            history.change(event),
            history.who(event),
            history.where(event),
            event.batch,
            bool(event.seal),
            bool(event.seal) and code(texts[event.pk]) == bytes(event.seal),
        )
        for event in events
    ]
    numbers = [line.batch for line in lines if line.batch]
    newest = SealedBatch.objects.using(using).filter(number=max(numbers)).first() if numbers else None
    return Record(lines, newest, [number for number in profiles if number != profile.pk])


def _with_seals(events: QuerySet[ConsentEvent]) -> QuerySet[Any]:
    """Each event with `seal`, its code, and `batch`, the number of the batch that its id falls into."""
    batch = SealedBatch.objects.filter(last_event_id__gte=OuterRef("pk")).order_by("last_event_id").values("number")[:1]
    return events.annotate(seal=Subquery(Seal.objects.filter(pk=OuterRef("pk")).values("mac")[:1]), batch=Subquery(batch))
