"""Find out whom a submission without a link is about, and do no more for it than a typed address may (decision 8)."""

import logging
import time
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from landingpages import creating, jobs, keys, memberships, messages, registrations, submission
from landingpages.creating import Asked
from landingpages.forms import form_class
from landingpages.job_models import OnMatch, SpecificAction
from landingpages.models import Submission, SubmissionStatus
from landingpages.recording import FRESH_LINK_FOR
from profiles import disputing, pending, registering, subscriptions
from profiles.channels import Channel
from profiles.consent import Evidence
from profiles.models import Profile, Service, Source
from profiles.values import differing, is_given, stored

logger = logging.getLogger("heed.landingpages")
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
            registrations.settle(one.pk)
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
        _record(one, _fresh_link(one) if FRESH_LINK_FOR in one.data else _reconcile(one))
    return True


def confirm(one: Submission) -> bool:
    """Make the profile of a registration that its address has confirmed; False where it was, or cannot be any more.

    Somebody who became known meanwhile is treated like any other: the page says what a match may do.
    """
    with transaction.atomic(), translation.override(one.language):
        if not registrations.waiting().filter(pk=one.pk).update(status=SubmissionStatus.APPLIED, processed_at=timezone.now()):
            return False
        _record(one, _reconcile(one, is_confirmed=True))
    return True


def _record(one: Submission, result: Result) -> None:
    status, profile, detail = result
    Submission.objects.filter(pk=one.pk).update(status=status, profile_id=profile.pk if profile else None, detail=detail)
    registrations.settle(one.pk)


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
    content = memberships.resolved(one.version.content, one.data.get(memberships.SERVICE, ""))
    service = Service.objects.filter(pk=memberships.own_service(content)).first() if jobs.names_services(content) else None
    if not submission.ask_fresh_link(one.version, profile, language=one.language, service=service):
        return SubmissionStatus.REFUSED, profile, _("A link was sent to this address a moment ago.")
    return SubmissionStatus.ASKED, profile, ""


def _reconcile(one: Submission, *, is_confirmed: bool = False) -> Result:
    """Find out who it is, then do what the page says, in the order of reference 3.8.6; the message comes last."""
    content = memberships.resolved(one.version.content, one.data.get(memberships.SERVICE, ""))
    key = keys.values(content, one.data)
    if key is None:
        return SubmissionStatus.REFUSED, None, _("A part of the reconciliation key is missing.")
    asked = Asked(one, content, submission.wanted(content, form_class(content, one.language)(), one.data))
    registering.take_turn()
    profile = keys.oldest(key) or keys.oldest(keys.without_external_id(key, asked.addresses))
    result = _unknown(asked, is_confirmed=is_confirmed) if profile is None else MATCHED[jobs.on_match(content)](asked, profile)
    if result[0] == SubmissionStatus.APPLIED:
        messages.send(one.version, content, result[1], language=one.language)
    return result


def _unknown(asked: Asked, *, is_confirmed: bool) -> Result:
    """A new profile; what needs a confirmation waits for it: all of it, or what the ledger must not loosen without."""
    if jobs.action(asked.content) == SpecificAction.UNSUBSCRIPTION:
        return SubmissionStatus.REFUSED, None, _("Nobody has this address.")  # and nobody is made to leave at once
    if jobs.asks_double_opt_in(asked.content) and not is_confirmed:
        return _pending(asked)
    profile, lifts = creating.create(asked, is_confirmed=is_confirmed)
    waiting = creating.subscribe(profile, asked, is_confirmed=is_confirmed)
    if not waiting and not lifts:
        return SubmissionStatus.APPLIED, profile, ""
    if not profile.email:
        return SubmissionStatus.APPLIED, profile, _("The profile has no email address that could confirm it.")
    return _pend(asked, profile, {}, lifts, waiting)


def _pending(asked: Asked) -> Result:
    """Nothing but the submission itself: no profile, until the typed address says so."""
    address = asked.addresses.get("email", "")
    if not address:
        return SubmissionStatus.REFUSED, None, _("There is no email address that could confirm it.")
    confirmation_id = registrations.ask(asked.one, address)
    if confirmation_id is None:
        return SubmissionStatus.REFUSED, None, _("The address was asked a moment ago.")
    Submission.objects.filter(pk=asked.one.pk).update(confirmation_id=confirmation_id)
    return SubmissionStatus.PENDING, None, ""


def _refuse(asked: Asked, profile: Profile) -> Result:
    return SubmissionStatus.REFUSED, profile, _("The profile exists already.")


def _update(asked: Asked, profile: Profile) -> Result:
    """Ordinary fields at once; addresses and boxes are asked for as on any page."""
    creating.note(asked.one, registering.change(profile, _typed(asked.wanted.fields), by=asked.evidence.page_label))
    return _ask(asked, profile)


def _ask(asked: Asked, profile: Profile) -> Result:
    """Nothing changes until the holder of the stored address says so."""
    profile.refresh_from_db()
    typed = _typed(asked.wanted.fields) | asked.addresses
    fields = {name: typed[name] for name in differing(profile, stored(typed))}
    choices = {scope: ticked for scope, ticked in asked.wanted.choices.items() if _matters(profile, scope, ticked)}
    services = _services_that_matter(profile, asked.wanted.services.wanted)
    if not fields and not choices and not services:
        return SubmissionStatus.APPLIED, profile, _("Nothing differs from what is stored.")
    if not profile.email:
        return SubmissionStatus.REFUSED, profile, _("The profile has no email address that could confirm it.")
    return _pend(asked, profile, fields, choices, services)


def _pend(asked: Asked, profile: Profile, fields: dict[str, Any], choices: dict[str, bool], services: dict[int, bool]) -> Result:
    """Ask the stored address to confirm it."""
    named = [*choices, *(memberships.key(number) for number in services)]
    notice = pending.ask(
        profile,
        address=profile.email,
        fields=fields,
        choices=choices,
        services=services,
        source=Source.LANDING_PAGE,
        evidence=asked.evidence,
        wordings={name: asked.wanted.wordings[name] for name in named if name in asked.wanted.wordings},
        page=(asked.one.version.page_id, asked.content["slug"]),
        language=asked.one.language,
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


def _services_that_matter(profile: Profile, wanted: dict[int, bool]) -> dict[int, bool]:
    """Leaving concerns every profile with the address, subscribing this one alone: anew, or to last longer."""
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
