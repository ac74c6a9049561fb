"""Changes that wait for a proof: they apply when whoever reads the stored address says so by POST (decisions 6 to 9)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from profiles import aliases, consent, disputing, notices, registering, subscriptions
from profiles.channels import OPT_OUT_FIELDS, Channel
from profiles.consent import Evidence
from profiles.links import LIFETIME, Link, Purpose
from profiles.models import ConsentEvent, Notice, NoticeKind, PendingChange, Profile, Service, Source
from profiles.subscriptions import ServiceClosed


class State(Enum):
    """What a confirmation link can still do."""

    OPEN = "open"
    APPLIED = "applied"
    EXPIRED = "expired"  # too old, or the profile has another address since


def ask(
    profile: Profile,
    *,
    address: str,
    fields: Mapping[str, Any],
    choices: Mapping[str, bool],
    source: Source,
    evidence: Evidence,
    services: Mapping[int, bool] | None = None,
    wordings: Mapping[str, str] | None = None,
    page: tuple[int, str] | None = None,
    language: str = "",
) -> Notice | None:
    """Keep the change and ask the address by email; None, and nothing kept, where it was asked too often.

    None too where a former address has frozen the profile (profiles.disputing), for all that does more than stop something.

    `services` is id of a service -> subscribed; `wordings` by scope, or by "service:" and the id. `page` is (id, slug) of
    the page where it was asked for. The address is the stored one, or the new one that `fields` brings.
    """
    loosens = bool(fields) or not all(choices.values()) or any((services or {}).values())
    if loosens and disputing.is_frozen(profile):
        return None
    kind = NoticeKind.CONFIRM_ADDRESS if fields.get("email") == address else NoticeKind.CONFIRM_CHANGE
    if services and all(services.values()) and not fields and not choices:
        kind = NoticeKind.CONFIRM_SUBSCRIPTION
    page_id, page_slug = page or (None, "")
    with transaction.atomic():
        # Somebody may well subscribe to two services within minutes, on their two pages.
        if not notices.may_ask(kind, address, page_id=page_id if kind == NoticeKind.CONFIRM_SUBSCRIPTION else None):
            return None
        now = timezone.now()
        pending = PendingChange.objects.create(
            profile=profile,
            address=address,
            fields=dict(fields),
            choices=dict(choices),
            services={str(service): subscribed for service, subscribed in (services or {}).items()},
            evidence={**vars(evidence), "wordings": dict(wordings or {}), "page": page, "language": language},
            source=source,
            created_at=now,
            expires_at=now + LIFETIME[Purpose.CONFIRM],
        )
        return notices.ask(
            kind,
            address=address,
            profile=profile,
            pending_change=pending,
            page_id=page_id,
            page_slug=page_slug,
            language=language,
        )


def find(link: Link) -> PendingChange | None:
    """What a genuine confirmation link is about; None where its profile does not exist any more."""
    return PendingChange.objects.select_related("profile").filter(public_id=link.public_id).first()


def state(pending: PendingChange) -> State:
    if pending.applied_at:
        return State.APPLIED
    if pending.expires_at <= timezone.now() or not _still_answers(pending, pending.profile):
        return State.EXPIRED
    return State.OPEN


def apply(pending: PendingChange, *, evidence: Evidence) -> bool:
    """Apply the change once; False where it was applied already, or may not be applied any more.

    Ticked boxes and ended subscriptions reach every profile with the address that answered; cleared ones, new
    subscriptions and fields this profile alone, and no box that was ticked after the change was asked for is cleared, no
    subscription made that ended after it. A new email that did not answer itself is asked next.
    `evidence` tells of the confirming request; what was shown is kept from the first one.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = PendingChange.objects.filter(pk=pending.pk, applied_at=None, expires_at__gt=now)
        if not waiting.update(applied_at=now):
            return False
        profile = aliases.held(pending.profile_id)
        if not _still_answers(pending, profile):
            transaction.set_rollback(True)
            return False
        first = _evidence(pending.evidence)
        kept = replace(first, request_id=evidence.request_id, ip=evidence.ip, detail=_confirmed())
        _choose(pending, profile, kept)
        _subscribe(pending, profile, kept)
        _write(pending, profile, kept)
    pending.applied_at = now
    return True


def clean_up(before_days: int = 30) -> int:
    """Forget changes that ended long ago, with what was typed for them; how many."""
    ended = timezone.now() - timedelta(days=before_days)
    _all, per_model = PendingChange.objects.filter(expires_at__lt=ended).delete()
    return per_model.get("profiles.PendingChange", 0)


def waiting_subscriptions(profile: Profile) -> list[tuple[Service, PendingChange]]:
    """The services that the profile is subscribed to once she confirms it by email, oldest question first."""
    waiting = PendingChange.objects.filter(profile=profile, applied_at=None, expires_at__gt=timezone.now(), address=profile.email)
    asked = [(int(key), one) for one in waiting.exclude(services={}).order_by("pk") for key, yes in one.services.items() if yes]
    found = Service.objects.exclude(subscriptions__in=profile.subscriptions.current()).in_bulk([key for key, _one in asked])
    first = {key: one for key, one in reversed(asked) if key in found}
    return [(found[key], one) for key, one in reversed(first.items())]


def liftable(profile: Profile, scope: str, *, since: datetime) -> bool:
    """Whether a proof of this moment is later than the last event that ticked the box (design decision 6).

    The box of a profile that was merged into it counts: where the winner's was ticked already, the merge wrote no event.
    """
    if disputing.is_frozen(profile):
        return False
    last = ConsentEvent.objects.filter(profile__in=aliases.all_ids(profile), scope=scope, after=True).order_by("-pk").first()
    return last is not None and last.at < since


def _still_answers(pending: PendingChange, profile: Profile) -> bool:
    """Whether the address that is asked still speaks for the profile, or is about to become its address."""
    return pending.address in (profile.email, pending.fields.get("email"))


def _choose(pending: PendingChange, profile: Profile, kept: Evidence) -> None:
    wordings = pending.evidence.get("wordings", {})
    source = Source(pending.source)
    for scope in (scope for scope in OPT_OUT_FIELDS if scope in pending.choices):
        ticked = pending.choices[scope]
        shown = replace(kept, wording=wordings.get(scope, kept.wording))
        if ticked:
            having = Profile.objects.with_address(Channel.EMAIL, pending.address)
            consent.opt_out_set(having, scope, source=source, evidence=shown)
        elif liftable(profile, scope, since=pending.created_at):
            consent.apply_choices(profile, {scope: False}, source=source, evidence=shown)


def _subscribe(pending: PendingChange, profile: Profile, kept: Evidence) -> None:
    """Confirmed by email is what double opt-in means, whether the service demands it or not."""
    wordings, language = pending.evidence.get("wordings", {}), pending.evidence.get("language", "")
    found = Service.objects.in_bulk([int(key) for key in pending.services])
    for key, subscribed in pending.services.items():
        service = found.get(int(key))
        if service is None:
            continue
        shown = replace(kept, wording=wordings.get(f"service:{key}", kept.wording))
        if not subscribed:
            for one in Profile.objects.with_address(Channel.EMAIL, pending.address).order_by("pk"):
                subscriptions.unsubscribe(one, service, source=Source(pending.source), evidence=shown, language=language)
        elif not ended_since(profile, service, pending.created_at):
            try:
                subscriptions.subscribe(profile, service, source=Source.DOUBLE_OPT_IN, evidence=shown, language=language)
            except ServiceClosed:
                continue  # the page behind the link says that it takes nobody any more


def ended_since(profile: Profile, service: Service, moment: datetime) -> bool:
    """Whether the person, or an operator, ended the subscription after the question: the later word counts."""
    ids = aliases.all_ids(profile)
    ended = ConsentEvent.objects.filter(profile__in=ids, service=service, after=True, at__gt=moment)
    return ended.exclude(source=Source.SYSTEM).exists()


def _write(pending: PendingChange, profile: Profile, kept: Evidence) -> None:
    fields = dict(pending.fields)
    old, new = profile.email, fields.get("email", "")
    page, language = pending.evidence.get("page"), pending.evidence.get("language", "")
    if new and new != pending.address:
        del fields["email"]
        ask(
            profile,
            address=new,
            fields={"email": new},
            choices={},
            source=Source(pending.source),
            evidence=kept,
            page=tuple(page) if page else None,
            language=language,
        )
    changed = registering.change(profile, fields)
    if "email" in changed and old:
        notices.ask(NoticeKind.ADDRESS_CHANGED, address=old, profile=profile, language=language)


def _confirmed() -> str:
    """For the operators who read the ledger, whatever language the person reads."""
    with override(settings.LANGUAGE_CODE):
        return _("confirmed by email")


def _evidence(stored: Mapping[str, Any]) -> Evidence:
    return Evidence(**{name: stored[name] for name in vars(Evidence()) if name in stored})
