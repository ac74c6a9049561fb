"""Subscribe to a service and unsubscribe from it. Each change leaves one row in the ledger.

Every verb first locks the profile: of two at once the second sees what the first has done. A subscription whose time is
over counts as none even before the worker has closed it.
"""

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from profiles import aliases, bulk, consent, notices
from profiles.consent import NO_EVIDENCE, Evidence
from profiles.models import (
    MessageChoice,
    NoticeKind,
    Profile,
    ProfileQuerySet,
    Service,
    Source,
    Subscription,
    SubscriptionQuerySet,
)

By = AbstractUser | str | None
EXPIRED = gettext_noop("expired")  # the detail of the ledger row of a subscription whose time was over
CHUNK = 1000  # subscriptions that are closed in one transaction


class ServiceClosed(ValueError):
    """The service takes no new subscriptions on this day; nothing was changed."""

    def __init__(self, service: Service) -> None:
        super().__init__(_("“%(service)s” takes no new subscriptions today.") % {"service": service})
        self.service = service


def subscribe(
    profile: Profile,
    service: Service,
    *,
    source: Source,
    by: By = None,
    evidence: Evidence = NO_EVIDENCE,
    language: str = "",
) -> bool:
    """Subscribe the profile; False where she was subscribed already, which then lasts from now on anew.

    Her opt-outs stay as they are (reference 2.10). Where the service has a confirmation message, she is told, in
    `language` or her own; not where she was subscribed already. Raises ServiceClosed outside the days of the service.
    """
    now = timezone.now()
    with transaction.atomic():
        profile = aliases.held(profile.pk)
        own = Subscription.objects.filter(profile=profile, service=service)
        is_renewal = own.current(now).exists()
        if not service.takes_subscriptions():
            if is_renewal:
                return False
            raise ServiceClosed(service)
        if is_renewal:
            own.update(expires_at=service.expiry(now))
            return False
        _close_expired(service, Profile.objects.filter(pk=profile.pk), now)
        Subscription.objects.create(profile=profile, service=service, created_at=now, expires_at=service.expiry(now))
        consent.record_subscription(profile, service, subscribed=True, source=source, by=by, evidence=evidence)
        _tell(NoticeKind.SUBSCRIBED, service.subscribed_message, profile, service, language)
    return True


def unsubscribe(
    profile: Profile,
    service: Service,
    *,
    source: Source,
    by: By = None,
    evidence: Evidence = NO_EVIDENCE,
    language: str = "",
) -> bool:
    """End the subscription; False where there was none, or its time was over."""
    now = timezone.now()
    with transaction.atomic():
        profile = aliases.held(profile.pk)
        _close_expired(service, Profile.objects.filter(pk=profile.pk), now)
        deleted, _per_model = Subscription.objects.filter(profile=profile, service=service).delete()
        if deleted:
            consent.record_subscription(profile, service, subscribed=False, source=source, by=by, evidence=evidence)
            _tell(NoticeKind.UNSUBSCRIBED, service.unsubscribed_message, profile, service, language)
    return bool(deleted)


def is_subscribed(profile: Profile, service: Service) -> bool:
    return Subscription.objects.current().filter(profile=profile, service=service).exists()


def subscribers(profiles: ProfileQuerySet, service: Service) -> ProfileQuerySet:
    """Those of the profiles that are subscribed now."""
    return profiles.filter(_has_current(service, timezone.now()))


def subscribe_set(
    profiles: ProfileQuerySet, service: Service, *, source: Source, by: By = None, evidence: Evidence = NO_EVIDENCE
) -> int:
    """Subscribe every profile of the set, in a constant number of statements; how many were not subscribed before.

    Nobody is sent a confirmation (reference 4.2.4). Those who were subscribed already last from now on anew. Raises
    ServiceClosed.
    """
    if not service.takes_subscriptions():
        raise ServiceClosed(service)
    now = timezone.now()

    def act() -> int:
        if not bulk.lock(profiles):
            return 0
        _close_expired(service, profiles, now)
        expires_at = service.expiry(now)
        Subscription.objects.filter(service=service, profile__in=profiles.values("pk")).update(expires_at=expires_at)
        others = profiles.exclude(_has_current(service, now)).order_by()
        written = consent.record_subscriptions(others, service, subscribed=True, source=source, by=by, evidence=evidence)
        new = {"service": Value(service.pk), "created_at": _moment(now), "expires_at": _moment(expires_at)}
        rows = others.annotate(**{f"new_{name}": value for name, value in new.items()})
        selected = rows.values_list("pk", *(f"new_{name}" for name in new))
        if bulk.insert_from(selected, into=Subscription, columns=["profile", *new]) != written:
            raise bulk.Unsettled
        return written

    return bulk.until_settled(act)


def unsubscribe_set(
    profiles: ProfileQuerySet, service: Service, *, source: Source, by: By = None, evidence: Evidence = NO_EVIDENCE
) -> int:
    """End the subscriptions of every profile of the set, in a constant number of statements, telling nobody; how many."""
    now = timezone.now()

    def act() -> int:
        if not bulk.lock(profiles):
            return 0
        _close_expired(service, profiles, now)
        own = Subscription.objects.filter(service=service, profile__in=profiles.values("pk"))
        return _close(own, service, source=source, by=by, evidence=evidence)

    return bulk.until_settled(act)


def expire(limit: int = CHUNK) -> int:
    """Close the subscriptions whose time is over, at most `limit` of them; how many. Nobody is told."""
    now = timezone.now()
    due = list(Subscription.objects.expired(now).order_by("expires_at", "pk").values_list("service", "profile")[:limit])
    closed = 0
    for service in Service.objects.filter(pk__in={service for service, _profile in due}):
        profiles = Profile.objects.filter(pk__in=[profile for number, profile in due if number == service.pk])
        with transaction.atomic():
            if bulk.lock(profiles):
                closed += _close_expired(service, profiles, now)
    return closed


def close_expired(profile: Profile) -> int:
    """Close what is over of a locked profile, without waiting for the worker; how many."""
    now = timezone.now()
    over = Service.objects.filter(subscriptions__in=Subscription.objects.expired(now).filter(profile=profile))
    return sum(_close_expired(service, Profile.objects.filter(pk=profile.pk), now) for service in over)


def _close_expired(service: Service, profiles: QuerySet[Profile], now: datetime) -> int:
    """For locked profiles."""
    over = Subscription.objects.expired(now).filter(service=service, profile__in=profiles.values("pk"))
    return _close(over, service, source=Source.SYSTEM, by=None, evidence=Evidence(detail=EXPIRED))


def _close(subscriptions: SubscriptionQuerySet, service: Service, *, source: Source, by: By, evidence: Evidence) -> int:
    """Delete subscriptions of locked profiles, each with its row in the ledger."""
    if not subscriptions.exists():
        return 0
    own = Profile.objects.filter(pk__in=subscriptions.values("profile"))
    written = consent.record_subscriptions(own, service, subscribed=False, source=source, by=by, evidence=evidence)
    deleted, _per_model = subscriptions.delete()
    if deleted != written:
        raise bulk.Unsettled
    return deleted


def _has_current(service: Service, now: datetime) -> Exists:
    return Exists(Subscription.objects.current(now).filter(service=service, profile=OuterRef("pk")))


def _moment(value: datetime | None) -> Value:
    return Value(value, output_field=DateTimeField(null=True))


def _tell(kind: NoticeKind, choice: str, profile: Profile, service: Service, language: str) -> None:
    """The confirmation message that the service has for this change, to whoever has an email address (decision 9)."""
    if choice == MessageChoice.NONE or not profile.email or not notices.may_ask(kind, profile.email, service=service):
        return
    notices.ask(kind, address=profile.email, profile=profile, service=service, language=language)
