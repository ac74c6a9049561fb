"""What people tell about themselves, without an operator: a new profile, and changed fields of a stored one."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from profiles import aliases, consent, silence
from profiles.channels import Channel
from profiles.consent import Evidence
from profiles.fields import FoldedField
from profiles.models import Profile, Source
from profiles.values import differing, put, stored, with_address


def take_turn() -> None:
    """Wait until nobody else creates profiles by address, to the end of the transaction.

    Two at once would both create the profile of an address; on SQLite the write lock is the turn.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('profiles.importing'))")


def oldest(channel: Channel, address: str) -> Profile | None:
    """The profile that an address means where several have it (reference 3.7.5)."""
    return Profile.objects.with_address(channel, address).order_by("pk").first() if address else None


def register(
    values: Mapping[str, Any],
    choices: Mapping[str, bool],
    *,
    source: Source,
    created_by: str,
    evidence: Evidence,
    wordings: Mapping[str, str],
) -> Profile:
    """A new profile with these boxes ticked; each ticked box is in the ledger with the wording that its scope was shown with.

    `values` are named as profiles.values does; a postal address among them ticks "address specified".
    """
    with transaction.atomic():
        profile = Profile(created_by=created_by, modified_by=created_by)
        put(profile, with_address(stored(values)))
        profile.save(force_insert=True)
        ticked = {scope: True for scope, is_ticked in choices.items() if is_ticked}
        consent.apply_to_held(profile, ticked, source=source, evidence=evidence, wordings=wordings)
        silence.keep(profile)
    return profile


def change(profile: Profile, values: Mapping[str, Any], *, by: str = "") -> list[str]:
    """Write ordinary fields; the names of those that differed. The boxes stay as they are: consent alone changes them.

    `values` are named as profiles.values does; a postal address that is typed anew ticks "address specified".
    """
    if not values:
        return []
    with transaction.atomic():
        current = aliases.held(profile.pk)
        changed = with_address(differing(current, stored(values)))
        if not changed:
            return []
        columns = put(current, changed)
        folded = {
            field.name: field.pre_save(current, add=False)
            for field in Profile._meta.fields
            if isinstance(field, FoldedField) and field.source in changed
        }
        written = {name: getattr(current, name) for name in columns}
        Profile.objects.filter(pk=current.pk).update(
            **written, **folded, revision=F("revision") + 1, modified_at=timezone.now(), modified_by=by
        )
        silence.keep(current, changed)
    for name, value in written.items():
        setattr(profile, name, value)
    return list(changed)
