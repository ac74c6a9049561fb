"""Subscribe to a service and unsubscribe from it. Each change leaves one row in the ledger."""

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from profiles import consent
from profiles.consent import NO_EVIDENCE, Evidence
from profiles.models import Profile, Service, Source, Subscription


def subscribe(
    profile: Profile, service: Service, *, source: Source, by: AbstractUser | str | None = None, evidence: Evidence = NO_EVIDENCE
) -> bool:
    """Subscribe the profile; False where she was subscribed already. Her opt-outs stay as they are (reference 2.10)."""
    with transaction.atomic():
        _subscription, created = Subscription.objects.get_or_create(profile=profile, service=service)
        if created:
            consent.record_subscription(profile, service, subscribed=True, source=source, by=by, evidence=evidence)
    return created


def unsubscribe(
    profile: Profile, service: Service, *, source: Source, by: AbstractUser | str | None = None, evidence: Evidence = NO_EVIDENCE
) -> bool:
    """End the subscription; False where there was none."""
    with transaction.atomic():
        deleted, _per_model = Subscription.objects.filter(profile=profile, service=service).delete()
        if deleted:
            consent.record_subscription(profile, service, subscribed=False, source=source, by=by, evidence=evidence)
    return bool(deleted)
