"""Erase a person: every holder forgets her, and only keyed hashes keep silent what she had silenced (design decision 15)."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import AbstractUser
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from profiles import erased, erased_keys, holders, registering, sealing
from profiles.actors import actor
from profiles.channels import ANY_CHANNEL, Channel
from profiles.holders import Addresses, Person
from profiles.models import ConsentEvent, Erasing, Profile

LOCK = "profiles.erasing"


class ChangedMeanwhile(Exception):
    """The profile is not as it was shown, or gone: nothing was erased."""


@dataclass(frozen=True)
class Part:
    """What one holder has, or what it erased."""

    label: Any
    number: int
    effect: Any


def preview(person: Person) -> list[Part]:
    """What each holder would erase, zeros too."""
    return [Part(holder.label, holder.count(person), holder.on_erasure) for holder in holders.registered()]


def silenced(person: Person) -> Addresses:
    """The addresses that stay silent: those of refused channels, and those that must not be written to anyway.

    "Any channel" silences every address.
    """
    choices = person.profile.choices
    refused = {channel for channel in Channel.addressed() if choices[ANY_CHANNEL] or choices[channel.value]}
    kept = {(channel, address) for channel, address in person.addresses if channel in refused}
    for holder in holders.registered():
        kept |= holder.silent(person)
    return kept


def erase(profile: Profile, *, revision: int, by: AbstractUser | str) -> list[Part]:
    """Erase the profile, what was merged into it, and every trace of it, in one transaction; what each holder erased.

    Messages of prepared deliveries keep their verdict, so that sums stay true; a mail that was not sent yet finds no
    profile and is not sent. Raises ChangedMeanwhile where `revision` is not the stored one any more.
    """
    with transaction.atomic():
        registering.take_turn()
        _wait_for_preparations()
        locked = Profile.objects.select_for_update().filter(pk=profile.pk, revision=revision).first()
        if locked is None:
            raise ChangedMeanwhile
        person = holders.person(locked)
        for channel, address in silenced(person):
            erased.remember(channel, [address])
        erased_keys.remember(person)
        for pk in person.ids:
            _open_ledger(pk, by=actor(by))
        # The profile itself goes last: the others find their rows by it.
        done = [Part(holder.label, holder.erase(person), holder.on_erasure) for holder in reversed(holders.registered())]
        if isinstance(by, AbstractUser):
            _record(person, by)
        transaction.on_commit(_empty_the_journal)
    return done[::-1]


def _empty_the_journal() -> None:
    """On SQLite what was erased is still in the write-ahead log; a reader may keep it there a little longer."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=1000")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("PRAGMA busy_timeout=20000")


def share_the_profiles() -> None:
    """For whoever copies addresses out of profiles in one long statement: an erasure waits until it is committed.

    Otherwise it could copy an address that is erased at the same time. On SQLite the write lock does it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtext(%s))", [LOCK])


def _wait_for_preparations() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def _open_ledger(profile_id: int, *, by: str) -> None:
    """The row that lets the events of this id go, and says which they were."""
    events = list(ConsentEvent.objects.filter(profile=profile_id).order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    mac = sealing.erasure_mac(profile_id=profile_id, erased_at=now, erased_by=by, event_ids=events)
    Erasing.objects.create(profile_id=profile_id, erased_at=now, erased_by=by, event_ids=events, mac=mac)


def _record(person: Person, by: AbstractUser) -> None:
    """In the history of the back office, without a name."""
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(Profile),
        object_id=str(person.profile.pk),
        object_repr=f"#{person.profile.pk}",
        action_flag=DELETION,
        change_message="",
    )
