"""What a page has of its own life: its dates, whether it is a template, the shelf, and a publication that waits."""

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from landingpages.shown_models import Image

ONLY_PAGES_HAVE: dict[str, Any] = {
    "status": "editing",
    "version__isnull": True,
    "is_default": False,
    "deploys_at__isnull": True,
    "expires_at__isnull": True,
    "archived_at__isnull": True,
}


def is_time_zone(name: str) -> None:
    """A validator: the IANA name of a time zone, or nothing."""
    if name and name not in available_timezones():
        raise ValidationError(_("“%(name)s” is no time zone: choose one of the list."), params={"name": name})


class LifecycleProperties(models.Model):
    """What says when a page is online; none of it is content, so that visitors never wait for a publication of it."""

    is_template = models.BooleanField(default=False, editable=False)
    description = models.CharField(_("description"), max_length=512, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[is_time_zone])
    deploys_at = models.DateTimeField(_("deployment date"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)
    archived_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def code(self) -> str:
        """The ID that operators name the page by; it never changes and never comes back (reference 3.1.5)."""
        return f"LP{self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        """Where the clock hangs that its dates are read from."""
        return ZoneInfo(self.time_zone or timezone.get_default_timezone_name())


LIFECYCLE_CONSTRAINTS = [
    models.CheckConstraint(condition=Q(is_template=False) | Q(**ONLY_PAGES_HAVE), name="a_template_is_never_published"),
    models.CheckConstraint(
        condition=Q(archived_at__isnull=True, archived_by="")
        | Q(archived_at__isnull=False, status="closed") & ~Q(archived_by=""),
        name="an_archived_page_is_closed_and_says_by_whom",
    ),
]


class ScheduledPublication(models.Model):
    """A publication that waits for its moment: what was approved, frozen then. Gone once it is done; kept where it failed."""

    page = models.OneToOneField("LandingPage", models.CASCADE, related_name="scheduled")
    content = models.JSONField()
    images: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(Image, related_name="waiting")  # held until then
    due_at = models.DateTimeField(_("due"))
    scheduled_at = models.DateTimeField(_("scheduled"))
    scheduled_by = models.CharField(_("by"), max_length=150)
    failed_at = models.DateTimeField(_("failed"), null=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(failed_at__isnull=True, reason="") | Q(failed_at__isnull=False) & ~Q(reason=""),
                name="a_failed_publication_says_why",
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(failed_at__isnull=True), name="publications_that_wait")]
