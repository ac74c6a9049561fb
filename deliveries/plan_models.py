"""The plan of a delivery: when it is sent, in which waves, how fast, and until when; what domains are limited to."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from landingpages.lifecycle_models import is_time_zone
from profiles.fields import ByteOrderedField

ONLY_DELIVERIES_HAVE: dict[str, Any] = {
    "status": "editing",
    "preparation__isnull": True,
    "contact_at__isnull": True,
    "confirmed_at__isnull": True,
}


class RateUnit(models.TextChoices):
    MINUTE = "minute", _("per minute")
    HOUR = "hour", _("per hour")


class PlanProperties(models.Model):
    """Everything here is approved with the preparation: changing it asks for a new one.

    `waves` as JSON: {} everybody at once · {"unit": "percent" or "number", "sizes": [5, 20], "minutes": 60}, of which the last
    size is repeated until nobody is left. `scheduled_by` stands as the confirmer of a sending that asks for none.
    """

    is_template = models.BooleanField(default=False, editable=False)
    contact_at = models.DateTimeField(_("contact date"), null=True, blank=True, editable=False)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, editable=False, validators=[is_time_zone])
    confirmation_requested = models.BooleanField(_("request confirmation before sending messages"), default=True, editable=False)
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("scheduled by")
    )
    prepares_at = models.DateTimeField(null=True, editable=False)  # when the worker prepares it by itself; empty once it has
    waves = models.JSONField(_("sending waves"), default=dict, blank=True, editable=False)
    rate = models.PositiveIntegerField(_("most messages"), null=True, blank=True, editable=False)
    rate_unit = models.CharField(max_length=30, choices=RateUnit, default=RateUnit.MINUTE, editable=False)
    paced_until = models.DateTimeField(null=True, editable=False)  # no further batch is claimed before
    validity_hours = models.PositiveIntegerField(_("validity"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def code(self) -> str:
        """The ID that operators name the delivery by; it never changes and never comes back (reference 6.1.2)."""
        return f"DM{self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        """Where the clock hangs that the contact date is read from."""
        return ZoneInfo(self.time_zone or timezone.get_default_timezone_name())

    @property
    def is_due(self) -> bool:
        """Whether nothing but a confirmation is waited for."""
        return self.contact_at is None or self.contact_at <= timezone.now()

    @property
    def validity(self) -> timedelta:
        """How long after its start a delivery goes on trying."""
        return timedelta(days=settings.VALIDITY_DAYS) if self.validity_hours is None else timedelta(hours=self.validity_hours)

    def valid_until(self, confirmed_at: datetime) -> datetime:
        """When it ends: counted from the confirmation, or from the contact date where that is later."""
        return max(confirmed_at, self.contact_at or confirmed_at) + self.validity


PLAN_CONSTRAINTS = [
    models.CheckConstraint(
        condition=Q(confirmation_requested=True, scheduled_by__isnull=True)
        | Q(confirmation_requested=False, scheduled_by__isnull=False, contact_at__isnull=False),
        name="an_unattended_sending_has_a_date_and_an_operator",
    ),
    models.CheckConstraint(
        condition=Q(prepares_at__isnull=True) | Q(confirmation_requested=False), name="only_an_unattended_sending_prepares_itself"
    ),
    models.CheckConstraint(condition=Q(rate__isnull=True) | Q(rate__gt=0), name="a_rate_lets_messages_through"),
    models.CheckConstraint(
        condition=Q(validity_hours__isnull=True) | Q(validity_hours__gt=0), name="a_validity_leaves_time_to_send"
    ),
    models.CheckConstraint(condition=Q(is_template=False) | Q(**ONLY_DELIVERIES_HAVE), name="a_delivery_template_is_never_sent"),
    models.CheckConstraint(
        condition=~Q(status__in=["editing", "preparing"]) | Q(confirmed_at__isnull=True),
        name="only_a_prepared_delivery_is_confirmed",
    ),
]


class DomainLimit(models.Model):
    """How many messages a recipient domain is sent per minute at most, by all deliveries together."""

    domain = ByteOrderedField(_("domain"), max_length=254, unique=True)
    per_minute = models.PositiveIntegerField(_("messages per minute"), validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("limit of a domain")
        verbose_name_plural = _("limits of domains")
        ordering = ["domain"]
        constraints = [
            models.CheckConstraint(condition=Q(per_minute__gt=0), name="a_limited_domain_is_sent_something"),
            models.CheckConstraint(condition=~Q(domain=""), name="a_limited_domain_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.domain


class DomainMinute(models.Model):
    """What a limited domain was sent in a minute, by all workers, and how many messages had to wait for a later one."""

    domain = ByteOrderedField(max_length=254)
    minute = models.DateTimeField()
    taken = models.PositiveIntegerField(default=0)
    put_off = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["domain", "minute"], name="one_count_per_domain_and_minute")]
