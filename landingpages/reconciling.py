"""Find out whom a submission without a link is about, and do no more for it than a typed address may (decision 8)."""

import logging
import time
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from landingpages import submission
from landingpages.forms import form_class
from landingpages.models import OnMatch, ReconciliationKey, Submission, SubmissionStatus
from landingpages.submission import FRESH_LINK_FOR, Wanted
from profiles import pending, registering
from profiles.channels import Channel
from profiles.models import Profile, Source
from profiles.values import differing, is_given, stored

logger = logging.getLogger("heed.landingpages")
CHANNELS = {ReconciliationKey.EMAIL: Channel.EMAIL, ReconciliationKey.MOBILE: Channel.SMS}
Result = tuple[SubmissionStatus, Profile | None, str]  # and a detail for the operator


def process_received(limit: int = 100) -> int:
    """Reconcile what arrived, oldest first; how many. One that cannot be processed is refused and does not stop the rest."""
    received = Submission.objects.filter(status=SubmissionStatus.RECEIVED).order_by("pk")[:limit]
    done = 0
    for one in received.select_related("version"):
        try:
            done += process(one)
        except OperationalError:
            raise  # the database's trouble, not the submission's
        except Exception:
            logger.exception("submission %s cannot be processed", one.pk)
            done += _end(one, (SubmissionStatus.REFUSED, None, _("It could not be processed: see the log.")))
        time.sleep(settings.PAUSE_SECONDS)
    return done


def process(one: Submission) -> bool:
    """Reconcile one submission in one transaction: a crash leaves it received, and nothing is done twice.

    False where somebody else has it in hand, or had.
    """
    with transaction.atomic(), translation.override(one.language):
        # First of all: who ends it holds the row until the commit, everybody else finds it ended.
        if not _end(one, (SubmissionStatus.APPLIED, None, "")):
            return False
        status, profile, detail = _fresh_link(one) if FRESH_LINK_FOR in one.data else _reconcile(one)
        Submission.objects.filter(pk=one.pk).update(status=status, profile_id=profile.pk if profile else None, detail=detail)
    return True


def _end(one: Submission, result: Result) -> int:
    status, _profile, detail = result
    waiting = Submission.objects.filter(pk=one.pk, status=SubmissionStatus.RECEIVED)
    return waiting.update(status=status, detail=detail, processed_at=timezone.now())


def _fresh_link(one: Submission) -> Result:
    profile = registering.oldest(Channel.EMAIL, one.data[FRESH_LINK_FOR])
    if profile is None:
        return SubmissionStatus.REFUSED, None, _("Nobody has this address.")
    if not submission.ask_fresh_link(one.version, profile, language=one.language):
        return SubmissionStatus.REFUSED, profile, _("A link was sent to this address a moment ago.")
    return SubmissionStatus.ASKED, profile, ""


def _reconcile(one: Submission) -> Result:
    content = one.version.content
    form = form_class(content, one.language)()
    asked = submission.wanted(content, form, one.data)
    channel = CHANNELS[ReconciliationKey(content["settings"]["reconciliation_key"])]
    address = asked.addresses.get(channel.address_field, "")
    if not address:
        return SubmissionStatus.REFUSED, None, _("The address that tells people apart is missing.")
    registering.take_turn()
    profile = registering.oldest(channel, address)
    if profile is None:
        return SubmissionStatus.APPLIED, _create(one, asked), ""
    return MATCHED[OnMatch(content["settings"]["on_match"])](one, profile, asked)


def _create(one: Submission, asked: Wanted) -> Profile:
    evidence = submission.evidence_for(one.version, network=one.ip)
    return registering.register(
        asked.fields | asked.addresses,
        asked.choices,
        source=Source.LANDING_PAGE,
        created_by=evidence.page_label,
        evidence=evidence,
        wordings=asked.wordings,
    )


def _refuse(one: Submission, profile: Profile, asked: Wanted) -> Result:
    return SubmissionStatus.REFUSED, profile, _("The profile exists already.")


def _update(one: Submission, profile: Profile, asked: Wanted) -> Result:
    """Ordinary fields at once; addresses and boxes are asked for as on any page."""
    label = submission.evidence_for(one.version, network=one.ip).page_label
    registering.change(profile, _typed(asked.fields), by=label)
    return _ask(one, profile, asked)


def _ask(one: Submission, profile: Profile, asked: Wanted) -> Result:
    """Nothing changes until the holder of the stored address says so."""
    profile.refresh_from_db()
    typed = _typed(asked.fields) | asked.addresses
    fields = {name: typed[name] for name in differing(profile, stored(typed))}
    choices = {scope: ticked for scope, ticked in asked.choices.items() if _matters(profile, scope, ticked)}
    if not fields and not choices:
        return SubmissionStatus.APPLIED, profile, _("Nothing differs from what is stored.")
    if not profile.email:
        return SubmissionStatus.REFUSED, profile, _("The profile has no email address that could confirm it.")
    notice = pending.ask(
        profile,
        address=profile.email,
        fields=fields,
        choices=choices,
        source=Source.LANDING_PAGE,
        evidence=submission.evidence_for(one.version, network=one.ip),
        wordings={scope: asked.wordings[scope] for scope in choices},
        page=(one.version.page_id, one.version.content["slug"]),
        language=one.language,
    )
    if notice is None:
        return SubmissionStatus.REFUSED, profile, _("The address was asked a moment ago.")
    return SubmissionStatus.ASKED, profile, ""


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    """A stranger's form shows nothing that is stored, so what is empty there was not emptied."""
    return {name: value for name, value in fields.items() if is_given(value)}


def _matters(profile: Profile, scope: str, ticked: bool) -> bool:
    """Ticking concerns every profile with the address, clearing this one alone."""
    if not ticked:
        return profile.choices[scope]
    return Profile.objects.with_address(Channel.EMAIL, profile.email).exclude(pk__in=Profile.objects.opted_out(scope)).exists()


MATCHED = {OnMatch.ASK_BY_EMAIL: _ask, OnMatch.UPDATE: _update, OnMatch.REFUSE: _refuse}
