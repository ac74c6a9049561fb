"""Whom no row of a file brings back that was there before her erasure (docs/decisions/0007).

An erasure leaves the keyed digest of what a row could name her by: each address that nobody else has, external ID and
Heed IDs. An import leaves out the rows that have one, if she was erased after the file came; nothing of such a row is kept.
The digests go as soon as no file can be read any more that came before the erasure.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.channels import Channel
from profiles.csvfiles import Record
from profiles.holders import Person
from profiles.matching import Layout
from profiles.models import ENDED, ErasedKey, ImportJob, Profile, ProfileAlias
from profiles.rows import Reject, Row

# A file that is imported by command leaves no row that says so; none takes longer.
KEPT_AT_LEAST = timedelta(days=1)


def remember(person: Person) -> None:
    """Keep the digests; in the transaction of the erasure, which has taken its turn."""
    now = timezone.now()
    ErasedKey.objects.bulk_create(ErasedKey(digest=digest(field, value), erased_at=now) for field, value in sorted(_keys(person)))


def digest(field: str, value: str) -> bytes:
    """HMAC-SHA-256 under SUPPRESSION_KEY, which the database does not hold."""
    return hmac.digest(b"heed erased key\0" + settings.SUPPRESSION_KEY.encode(), f"{field}\0{value}".encode(), "sha256")


def leave_out(rows: Sequence[Row], layout: Layout, *, since: datetime) -> tuple[list[Row], list[Reject]]:
    """The rows to import, and the others by their line alone; no work where nobody was erased since the file came.

    The caller has taken its turn (registering.take_turn), so that no erasure ends between this look and its commit.
    """
    gone = {bytes(one) for one in ErasedKey.objects.filter(erased_at__gte=since).values_list("digest", flat=True)}
    if not gone:
        return list(rows), []
    places = [(layout.columns[place], place) for place in layout.keys if place < len(layout.fields)]
    kept, left_out = [], []
    for row in rows:
        named = any(digest(field, row.values[place]) in gone for field, place in places if row.values[place])
        if named:
            why = _("This person was erased after the file was handed over.")
            left_out.append(Reject(Record(row.line, []), "", "", why, names_erased=True))
        else:
            kept.append(row)
    return kept, left_out


def forget() -> None:
    """Delete the digests that no file needs any more."""
    before = timezone.now() - KEPT_AT_LEAST
    unfinished = ImportJob.objects.filter(files_deleted_at=None).exclude(status__in=ENDED)
    oldest = unfinished.order_by("created_at").values_list("created_at", flat=True).first()
    ErasedKey.objects.filter(erased_at__lt=min(before, oldest or before)).delete()


def _keys(person: Person) -> set[tuple[str, str]]:
    """Field of a profile -> what a row may have in it."""
    found = {(str(channel.address_field), address) for channel, address in person.own if channel in Channel.addressed()}
    public_ids = {
        person.profile.public_id,
        *ProfileAlias.objects.filter(winner=person.profile).values_list("former_public_id", flat=True),
    }
    found |= {("public_id", str(public_id)) for public_id in public_ids}
    external_id = person.profile.external_id
    if external_id and not Profile.objects.filter(external_id=external_id).exclude(pk=person.profile.pk).exists():
        found.add(("external_id", external_id))
    return found
