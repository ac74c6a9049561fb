"""Find out whom a submission without a link is about, and do no more for it than a typed address may (decision 8)."""

import logging
import time
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from landingpages import memberships, submission
from landingpages.forms import form_class
from landingpages.models import OnMatch, PageType, ReconciliationKey, Submission, SubmissionStatus
from landingpages.recording import FRESH_LINK_FOR
from landingpages.submission import Wanted
from profiles import disputing, pending, registering, subscriptions
from profiles.channels import Channel
from profiles.consent import Evidence
from profiles.models import Profile, Service, Source
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
    if disputing.is_frozen(profile):
        return SubmissionStatus.REFUSED, profile, _("A former address disputes the change of address: look at the profile.")
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
        return _unknown(one, asked)
    return MATCHED[OnMatch(content["settings"]["on_match"])](one, profile, asked)


def _unknown(one: Submission, asked: Wanted) -> Result:
    """A new profile; subscriptions that need no confirmation are made at once, the others wait for it (decision 12)."""
    if one.version.content["type"] == PageType.UNSUBSCRIPTION:
        return SubmissionStatus.REFUSED, None, _("Nobody has this address.")  # and nobody is made to leave at once
    profile = _create(one, asked)
    found = Service.objects.in_bulk([number for number, yes in asked.services.wanted.items() if yes])
    waiting = {number: True for number, service in found.items() if service.double_opt_in and service.takes_subscriptions()}
    memberships.apply(
        profile,
        {number: True for number in found if number not in waiting},
        source=Source.LANDING_PAGE,
        evidence=_evidence(one),
        wordings=asked.wordings,
        language=one.language,
    )
    if not waiting:
        return SubmissionStatus.APPLIED, profile, ""
    if not profile.email:
        return SubmissionStatus.APPLIED, profile, _("The profile has no email address that could confirm it.")
    return _pend(one, profile, asked, {}, {}, waiting)


def _create(one: Submission, asked: Wanted) -> Profile:
    evidence = _evidence(one)
    _note(one, [name for name, value in (asked.fields | asked.addresses).items() if is_given(value)])
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
    changed = registering.change(profile, _typed(asked.fields), by=_evidence(one).page_label)
    _note(one, changed)
    return _ask(one, profile, asked)


def _ask(one: Submission, profile: Profile, asked: Wanted) -> Result:
    """Nothing changes until the holder of the stored address says so."""
    profile.refresh_from_db()
    typed = _typed(asked.fields) | asked.addresses
    fields = {name: typed[name] for name in differing(profile, stored(typed))}
    choices = {scope: ticked for scope, ticked in asked.choices.items() if _matters(profile, scope, ticked)}
    services = _services_that_matter(profile, asked)
    if not fields and not choices and not services:
        return SubmissionStatus.APPLIED, profile, _("Nothing differs from what is stored.")
    if not profile.email:
        return SubmissionStatus.REFUSED, profile, _("The profile has no email address that could confirm it.")
    return _pend(one, profile, asked, fields, choices, services)


def _pend(
    one: Submission,
    profile: Profile,
    asked: Wanted,
    fields: dict[str, str],
    choices: dict[str, bool],
    services: dict[int, bool],
) -> Result:
    """Ask the stored address to confirm it."""
    named = [*choices, *(memberships.key(number) for number in services)]
    notice = pending.ask(
        profile,
        address=profile.email,
        fields=fields,
        choices=choices,
        services=services,
        source=Source.LANDING_PAGE,
        evidence=_evidence(one),
        wordings={name: asked.wordings[name] for name in named if name in asked.wordings},
        page=(one.version.page_id, one.version.content["slug"]),
        language=one.language,
    )
    if notice is None:
        return SubmissionStatus.REFUSED, profile, _("The address was asked a moment ago.")
    return SubmissionStatus.ASKED, profile, ""


def _evidence(one: Submission) -> Evidence:
    return submission.evidence_for(one.version, network=one.ip, request_id=str(one.request_id))


def _note(one: Submission, changed: list[str]) -> None:
    """Keep with the submission which fields it changed at once."""
    if changed:
        Submission.objects.filter(pk=one.pk).update(changed=changed)


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    """A stranger's form shows nothing that is stored, so what is empty there was not emptied."""
    return {name: value for name, value in fields.items() if is_given(value)}


def _matters(profile: Profile, scope: str, ticked: bool) -> bool:
    """Ticking concerns every profile with the address, clearing this one alone."""
    if not ticked:
        return profile.choices[scope]
    return Profile.objects.with_address(Channel.EMAIL, profile.email).exclude(pk__in=Profile.objects.opted_out(scope)).exists()


def _services_that_matter(profile: Profile, asked: Wanted) -> dict[int, bool]:
    """Leaving concerns every profile with the address, subscribing this one alone: anew, or to last longer."""
    wanted = asked.services.wanted
    found = Service.objects.in_bulk(list(wanted)) if wanted else {}
    held = memberships.current(profile, found)
    having = Profile.objects.with_address(Channel.EMAIL, profile.email)
    return {
        number: wanted[number]
        for number, service in found.items()
        if (
            service.takes_subscriptions() and (number not in held or service.validity_amount is not None)
            if wanted[number]
            else subscriptions.subscribers(having, service).exists()
        )
    }


MATCHED = {OnMatch.ASK_BY_EMAIL: _ask, OnMatch.UPDATE: _update, OnMatch.REFUSE: _refuse}
