"""What a visitor sends: with a genuine link it is acted upon at once, without one it is kept for the worker."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from landingpages import constants, jobs, memberships, messages, recording, visits
from landingpages.blocks import BoundField
from landingpages.forms import AGREEMENT, PageForm, bindings, bound_blocks, field_name
from landingpages.job_models import SpecificAction
from landingpages.memberships import Answers
from landingpages.models import BlockKind, PublishedVersion, SubmissionKind, SubmissionStatus
from landingpages.visits import Visit
from profiles import aliases, consent, disputing, notices, pending, publicpages, registering
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS
from profiles.consent import Evidence
from profiles.links import Link
from profiles.models import NoticeKind, Profile, Service, Source
from profiles.values import is_given

ADDRESSES = ("email", "mobile")  # they change once they are confirmed, never at once
IDENTIFYING = (*ADDRESSES, "external_id")
READ_BEFORE = (BlockKind.TEXT, BlockKind.RICH_TEXT, BlockKind.SHARED, BlockKind.BUTTON)


@dataclass
class Outcome:
    """What became of a submission with a link, beside what was recorded at once."""

    asked: list[str] = field(default_factory=list)  # masked addresses that are asked to confirm the rest
    is_too_soon: bool = False  # something has to be confirmed, and the address was asked a moment ago
    is_impossible: bool = False  # something has to be confirmed, and there is no address that could
    closed: list[Service] = field(default_factory=list)  # services that take nobody any more


@dataclass(frozen=True)
class Wanted:
    """What a submission asks for: ordinary fields, addresses, scope -> opted out, and services.

    `wordings` has what was read at each box, by its scope, or by "service:" and the id of its service.
    """

    fields: dict[str, Any]
    addresses: dict[str, str]
    choices: dict[str, bool]
    wordings: dict[str, str]
    services: Answers


def evidence_for(
    version: PublishedVersion, *, network: str, link: Link | None = None, wording: str = "", request_id: str = ""
) -> Evidence:
    """What the ledger keeps of a visit: page and version by name and number, the delivery of the link, the network."""
    return Evidence(
        wording=wording,
        delivery_id=(link.delivery or None) if link else None,
        page_version_id=version.pk,
        page_label=_page_label(version),
        request_id=request_id or str(uuid.uuid4()),
        ip=network,
    )


def wanted(content: dict[str, Any], form: PageForm, values: dict[str, Any]) -> Wanted:
    """Sort what was sent by what it needs; `values` are those of the form, or those kept in a Submission.

    Nothing passes that the version does not bind, and an external ID only tells who somebody is. The additional data of
    the page stands over what was typed, then comes its specific action (reference 3.8.6).
    """
    bound = {field.name: field for _block, field in bindings(content) if field.name in values}
    typed = {name: values[name] for name, found in bound.items() if found.custom or _is_text(found, values[name])}
    choices, wordings = _boxes(content, form, {found.scope: values[name] for name, found in bound.items() if found.scope})
    for scope in constants.ticks(content):
        choices[scope], wordings[scope] = True, _("(not shown: set by the page)")
    if jobs.action(content) == SpecificAction.BLOCKLIST:
        choices[ANY_CHANNEL], wordings[ANY_CHANNEL] = True, button_wording(form)
    for name, label in form.service_wordings().items():
        wordings[name] = _box(label, values.get(name) is True)
    if own := memberships.own_service(content):
        wordings[memberships.key(own)] = button_wording(form)
    if agreed := [str(text) for name, text in values.items() if name.startswith(AGREEMENT)]:
        wordings = {name: " · ".join([said, *(_box(text, True) for text in agreed)]) for name, said in wordings.items()}
    return Wanted(
        fields={name: value for name, value in typed.items() if name not in IDENTIFYING} | constants.of(content),
        addresses={name: text for name, text in typed.items() if name in ADDRESSES and text},
        choices=choices,
        wordings=wordings,
        services=memberships.answers(content, values),
    )


def _boxes(content: dict[str, Any], form: PageForm, sent: dict[str, Any]) -> tuple[dict[str, bool], dict[str, str]]:
    """Scope -> ticked, and what was read there."""
    positive = {block["field"] for block in content["blocks"] if block["is_positive"]}
    choices = {scope: value is True for scope, value in sent.items()}
    wordings = {
        scope: _box(form.wordings(OPT_OUT_FIELDS[scope]), ticked != (OPT_OUT_FIELDS[scope] in positive))
        for scope, ticked in choices.items()
    }
    return choices, wordings


def _is_text(field: BoundField, value: Any) -> bool:
    return bool(field.column) and isinstance(value, str)


def submit(
    version: PublishedVersion,
    profile: Profile,
    link: Link,
    form: PageForm,
    *,
    evidence: Evidence,
    source: Source = Source.LANDING_PAGE,
) -> Outcome:
    """Do what the holder of a genuine, fresh link asks, for this profile alone.

    Ticks, subscriptions and ordinary fields at once; clearing a box at once only if the link is younger than the tick, and
    subscribing to what the person has left only if it is younger than that (decision 6); everything else once it is
    confirmed by email. An empty text changes nothing unless its value was shown.
    A box "check to subscribe" that is empty ends the subscription that is stored, whatever the form says that it showed.
    In the order of reference 3.8.6, in one transaction with the mails that it causes.
    """
    asked = wanted(form.content, form, form.bound_values())
    with transaction.atomic():
        stored = aliases.held(profile.pk)
        changed = {scope: ticked for scope, ticked in asked.choices.items() if stored.choices[scope] != ticked}
        lifts = [scope for scope, ticked in changed.items() if not ticked]
        later = {scope: False for scope in lifts if not pending.liftable(stored, scope, since=link.issued_at)}
        now = {scope: ticked for scope, ticked in changed.items() if scope not in later}
        consent.apply_to_held(stored, now, source=source, evidence=evidence, wordings=asked.wordings)
        shown = _shown_fields(form.content, form)
        told = {name: value for name, value in asked.fields.items() if is_given(value) or name in shown}
        changed_fields = registering.change(stored, told)
        anew = _left_since(stored, asked, link.issued_at)
        closed = _subscribe(stored, asked, set(anew), source=source, evidence=evidence, language=form.language)
        outcome = _ask(version, stored, asked, later, anew, evidence, form.language)
        outcome.closed = closed
        _record(version, stored, form, outcome, evidence, changed_fields)
        if not outcome.asked:  # else once it is confirmed
            messages.send(version, form.content, stored, language=form.language)
    return outcome


def _record(
    version: PublishedVersion, stored: Profile, form: PageForm, outcome: Outcome, evidence: Evidence, changed: list[str]
) -> None:
    recording.record(
        version,
        stored,
        kind=SubmissionKind.FORM,
        language=form.language,
        network=evidence.ip,
        request_id=evidence.request_id,
        data=form.bound_values(),
        status=SubmissionStatus.ASKED if outcome.asked else SubmissionStatus.APPLIED,
        detail=_left_undone(outcome),
        changed=changed,
    )


def _left_undone(outcome: Outcome) -> str:
    """For the operator, in the language of the installation: why part of it did not happen."""
    with override(settings.LANGUAGE_CODE):
        reasons = [_("The address was asked a moment ago.")] if outcome.is_too_soon else []
        reasons += [_("The profile has no email address that could confirm it.")] if outcome.is_impossible else []
        reasons += [_("“%(service)s” takes nobody.") % {"service": service.label} for service in outcome.closed]
    return " ".join(reasons)[:200]


def _left_since(stored: Profile, asked: Wanted, moment: datetime) -> dict[int, bool]:
    """The services that are subscribed to although the person has left them after this moment."""
    wanted = [number for number, yes in asked.services.wanted.items() if yes]
    held = memberships.current(stored, wanted) if wanted else set()
    found = Service.objects.in_bulk([number for number in wanted if number not in held])
    return {number: True for number, service in found.items() if pending.ended_since(stored, service, moment)}


def _subscribe(
    stored: Profile, asked: Wanted, but: set[int], *, source: Source, evidence: Evidence, language: str
) -> list[Service]:
    held = memberships.current(stored, asked.services.left_empty) if asked.services.left_empty else set()
    wanted = dict.fromkeys(held, False) | {number: yes for number, yes in asked.services.wanted.items() if number not in but}
    return memberships.apply(stored, wanted, source=source, evidence=evidence, wordings=asked.wordings, language=language)


def _ask(
    version: PublishedVersion,
    stored: Profile,
    asked: Wanted,
    lifts: dict[str, bool],
    anew: dict[int, bool],
    evidence: Evidence,
    language: str,
) -> Outcome:
    """Have the stored address confirm cleared boxes, services that were left and a new mobile, and a new email itself."""
    outcome = Outcome()
    changed = {name: text for name, text in asked.addresses.items() if getattr(stored, name) != text}
    email = changed.pop("email", "")
    changes: list[tuple[str, dict[str, str], dict[str, bool], dict[int, bool]]] = []
    if changed or lifts or anew:
        changes.append((stored.email, changed, lifts, anew))
    if email and notices.has_asked_enough(stored):
        outcome.is_too_soon = True
    elif email:
        changes.append((email, {"email": email}, {}, {}))
    for address, fields, choices, services in changes:
        notice = address and pending.ask(
            stored,
            address=address,
            fields=fields,
            choices=choices,
            source=Source.LANDING_PAGE,
            evidence=evidence,
            services=services,
            wordings={name: asked.wordings[name] for name in (*choices, *map(memberships.key, services))},
            page=(version.page_id, version.content["slug"]),
            language=language,
        )
        # Whether a typed address had mails lately would tell strangers' addresses that we know from those that we do not.
        is_told_asked = notice or address != stored.email
        outcome.is_impossible |= not address
        outcome.is_too_soon |= not is_told_asked and bool(address)
        outcome.asked += [publicpages.masked(address)] if is_told_asked else []
    return outcome


def tighten(
    version: PublishedVersion,
    profile: Profile,
    scopes: list[str],
    services: list[int],
    *,
    evidence: Evidence,
    wordings: dict[str, str],
    source: Source,
    language: str,
) -> None:
    """Tick boxes and end subscriptions for the holder of a genuine link, however old it is."""
    with transaction.atomic():
        consent.apply_choices(profile, dict.fromkeys(scopes, True), source=source, evidence=evidence, wordings=wordings)
        ended = dict.fromkeys(services, False)
        memberships.apply(profile, ended, source=source, evidence=evidence, wordings=wordings, language=language)
        recording.record(
            version,
            profile,
            kind=SubmissionKind.STOP,
            language=language,
            network=evidence.ip,
            request_id=evidence.request_id,
            data={OPT_OUT_FIELDS[scope]: True for scope in scopes} | {memberships.key(number): False for number in services},
        )


def undo(visit: Visit, *, evidence: Evidence, language: str) -> bool:
    """Take back what this link's arrival did a moment ago; False, and nothing changed, where that is not so (any more)."""
    if visit.profile is None:
        return False
    with transaction.atomic():
        stored = aliases.held(visit.profile.pk)
        if not visits.can_undo(visit):
            return False
        consent.apply_choices(stored, {ANY_CHANNEL: False}, source=Source.LANDING_PAGE, evidence=evidence)
        recording.record(
            visit.version,
            stored,
            kind=SubmissionKind.UNDO,
            language=language,
            network=evidence.ip,
            request_id=evidence.request_id,
        )
    return True


def ask_fresh_link(version: PublishedVersion, profile: Profile, *, language: str, service: Service | None = None) -> bool:
    """Send the stored address a new link to the page; False where there is no address, it was asked just now, or a former
    address has frozen the profile.

    `service` is the one that the page was opened for, where its URL says so.
    """
    if not profile.email or disputing.is_frozen(profile) or not notices.may_ask(NoticeKind.FRESH_LINK, profile.email):
        return False
    slug = version.content["slug"]
    notices.ask(
        NoticeKind.FRESH_LINK,
        address=profile.email,
        profile=profile,
        service=service,
        page_id=version.page_id,
        page_slug=slug,
        language=language,
    )
    return True


def renew_link(visit: Visit, profile: Profile, *, evidence: Evidence, language: str) -> bool:
    """The same for the holder of an old link, and noted."""
    with transaction.atomic():
        service = visit.service if jobs.names_services(visit.content) else None
        asked = ask_fresh_link(visit.version, profile, language=language, service=service)
        recording.record(
            visit.version,
            profile,
            kind=SubmissionKind.FRESH_LINK,
            language=language,
            network=evidence.ip,
            request_id=evidence.request_id,
            status=SubmissionStatus.ASKED if asked else SubmissionStatus.REFUSED,
        )
    return asked


def button_wording(form: PageForm) -> str:
    """What somebody read who pressed the button of a page that acts by its button."""
    return " · ".join(block.text for block in form.blocks if block.kind in READ_BEFORE and block.text)


def _shown_fields(content: dict[str, Any], form: PageForm) -> set[str]:
    """The fields whose stored value the form showed: emptied ones are meant to be empty."""
    return {block["field"] for block in bound_blocks(content) if is_given(form.initial.get(field_name(block)))}


def _box(label: str, ticked: bool) -> str:
    return f"{'☑' if ticked else '☐'} {label}"


def _page_label(version: PublishedVersion) -> str:
    suffix = " " + _("(version %(number)s)") % {"number": version.number}
    return str(version.content["label"])[: 128 - len(suffix)] + suffix
