"""A former address says that it never asked to be replaced: everything stops until an operator has looked at it.

It only freezes. What was changed stays as it is, since whoever reads the former address may be the stranger; but nothing is
sent, no link shows or changes anything that is stored, and only an operator unticks the box again.
"""

from django.db import transaction
from django.utils import timezone

from profiles import aliases, consent, prepared
from profiles.channels import ANY_CHANNEL
from profiles.consent import Evidence
from profiles.models import ConsentEvent, PendingChange, Profile, ProfileAlias, Source


def dispute(profile: Profile, *, evidence: Evidence) -> None:
    """Freeze the profile; doing it again changes nothing. What waits for a confirmation cannot be confirmed any more.

    Where every channel is ticked already, a channel's own box carries the record; where all boxes are, there is nothing
    left to tick, and the silence that was there stays.
    """
    with transaction.atomic():
        current = aliases.held(profile.pk)
        PendingChange.objects.filter(profile=current, applied_at=None).update(expires_at=timezone.now())
        if is_frozen(current):
            return
        scope = next((scope for scope, ticked in current.choices.items() if not ticked), ANY_CHANNEL)
        consent.opt_out(current, scope, source=Source.DISPUTED, evidence=evidence)


def is_frozen(profile: Profile) -> bool:
    """Whether a former address has frozen the profile, or one that was merged into it; no query for who has no box ticked."""
    if not any(profile.choices.values()) or not _was_disputed(profile):
        return False
    ids = aliases.all_ids(profile)
    last = ConsentEvent.objects.filter(profile__in=ids, source=Source.DISPUTED).order_by("-pk").first()
    if last is None:
        return False
    return not ConsentEvent.objects.filter(profile__in=ids, scope=last.scope, after=False, pk__gt=last.pk).exists()


def _was_disputed(profile: Profile) -> bool:
    """At any time. Every page of a link asks it of who has opted out: putting the statement together took longer than it."""
    events, merged = ConsentEvent._meta.db_table, ProfileAlias._meta.db_table
    with prepared.cursor() as cursor:
        cursor.execute(
            f"""SELECT 1 FROM {events} WHERE source = %s AND profile_id IN (
                SELECT %s UNION ALL SELECT former_id FROM {merged} WHERE winner_id = %s) LIMIT 1""",
            [Source.DISPUTED.value, profile.pk, profile.pk],
        )
        return cursor.fetchone() is not None
