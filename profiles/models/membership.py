"""Services, and who is subscribed to them."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from profiles.channels import Channel
from profiles.models.brands import Brand
from profiles.models.people import Profile


class ValidityUnit(models.TextChoices):
    MINUTES = "minutes", _("minutes")
    HOURS = "hours", _("hours")
    DAYS = "days", _("days")
    MONTHS = "months", _("months")
    YEARS = "years", _("years")


class MessageChoice(models.TextChoices):
    """Which mail confirms that somebody subscribed, or unsubscribed (reference 4.1.7)."""

    NONE = "none", _("No message")
    DEFAULT = "default", _("Default message")
    CUSTOM = "custom", _("Custom message")


class Service(models.Model):
    """A newsletter that people subscribe to. Its channel is fixed when it is created: deliveries are tied to it."""

    label = models.CharField(_("label"), max_length=128, help_text=_("For you and your colleagues."))
    public_label = models.CharField(_("service label"), max_length=128, help_text=_("The name that subscribers read."))
    description = models.TextField(_("description"), max_length=512, blank=True)
    channel = models.CharField(
        _("channel"),
        max_length=30,
        choices=[(channel.value, channel.label) for channel in (Channel.EMAIL, Channel.SMS)],
        default=Channel.EMAIL,
        help_text=_("Only deliveries of this channel can be tied to the service. It cannot be changed later."),
    )
    brand = models.ForeignKey(
        Brand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("brand"),
        help_text=_("Of its pages, unless a page has its own. Left empty, the default brand."),
    )
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    validity_amount = models.PositiveSmallIntegerField(
        _("validity of a subscription"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(999)]
    )
    validity_unit = models.CharField(_("unit"), max_length=30, choices=ValidityUnit, blank=True)
    double_opt_in = models.BooleanField(
        _("double opt-in"),
        default=False,
        help_text=_("Whoever subscribes by typing an address is subscribed once she has confirmed it by email."),
    )
    in_preference_centre = models.BooleanField(
        _("shown in the preference centre"),
        default=True,
        help_text=_("People can subscribe and unsubscribe there. Switched off, only subscribers see it there, to leave it."),
    )
    subscribed_message = models.CharField(
        _("when somebody subscribes"), max_length=30, choices=MessageChoice, default=MessageChoice.NONE
    )
    unsubscribed_message = models.CharField(
        _("when somebody unsubscribes"), max_length=30, choices=MessageChoice, default=MessageChoice.NONE
    )
    # {"subscribed": {"en": {"subject": …, "text": …}, "fr": …}, "unsubscribed": …}: the custom messages
    texts = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["label"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="a_service_ends_after_it_starts",
                violation_error_message=_("The last day is before the first one."),
            ),
            models.CheckConstraint(
                condition=Q(validity_amount__isnull=True, validity_unit="")
                | Q(validity_amount__isnull=False, validity_amount__gte=1) & ~Q(validity_unit=""),
                name="a_validity_has_an_amount_and_a_unit",
                violation_error_message=_("A validity needs a number and a unit."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """Its generated identifier, such as SVC12 (reference 4.1.2)."""
        return f"SVC{self.pk}"

    def takes_subscriptions(self, today: date | None = None) -> bool:
        """Whether the day lies within the days of the service; outside nobody can subscribe, and whoever is stays."""
        day = today or timezone.localdate()
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day <= self.ends_on)

    def expiry(self, start: datetime) -> datetime | None:
        """When a subscription that starts then ends by itself; None where it does not. 31 January + 1 month = 28 February."""
        if self.validity_amount is None:
            return None
        match self.validity_unit:
            case ValidityUnit.MONTHS:
                return _months_later(start, self.validity_amount)
            case ValidityUnit.YEARS:
                return _months_later(start, 12 * self.validity_amount)
        return start + timedelta(**{self.validity_unit: self.validity_amount})

    @property
    def validity(self) -> str:
        """The validity in words: "10 days"; empty where subscriptions do not end by themselves."""
        if self.validity_amount is None:
            return ""
        return VALIDITIES[ValidityUnit(self.validity_unit)](self.validity_amount) % {"number": self.validity_amount}


VALIDITIES = {
    ValidityUnit.MINUTES: lambda number: ngettext("%(number)s minute", "%(number)s minutes", number),
    ValidityUnit.HOURS: lambda number: ngettext("%(number)s hour", "%(number)s hours", number),
    ValidityUnit.DAYS: lambda number: ngettext("%(number)s day", "%(number)s days", number),
    ValidityUnit.MONTHS: lambda number: ngettext("%(number)s month", "%(number)s months", number),
    ValidityUnit.YEARS: lambda number: ngettext("%(number)s year", "%(number)s years", number),
}


def _months_later(start: datetime, months: int) -> datetime:
    """The same day of a later month, or the last day of that month, at the same time of the day on the wall."""
    local = timezone.localtime(start)
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def current(self, at: datetime | Combinable | None = None) -> Self:
        """Those that have not expired; the worker closes expired ones a little later."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at or timezone.now()))

    def expired(self, at: datetime | None = None) -> Self:
        return self.filter(expires_at__lte=at or timezone.now())


class Subscription(models.Model):
    """A profile's current membership of a service; its history is in ConsentEvent."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="subscriptions", verbose_name=_("profile"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="subscriptions", verbose_name=_("service"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        indexes = [
            models.Index(fields=["service", "created_at"], name="subscriptions_by_service"),
            models.Index(fields=["expires_at"], name="subscriptions_by_expiry", condition=Q(expires_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["profile", "service"], name="subscribed_once_per_service"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} – {self.service}"
