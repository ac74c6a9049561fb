"""What is noted of the reception of a delivery: its links, and who opened and followed them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from profiles.models import Profile


class TrackedLink(models.Model):
    """A link of a delivery that leads through us. Its address stays here: no link in a mail carries one (decision 24)."""

    delivery = models.ForeignKey("Delivery", models.CASCADE, related_name="tracked_links")
    url = models.CharField(_("link"), max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["delivery", "url"], name="one_tracked_link_per_address")]


class TrackingKind(models.TextChoices):
    OPEN = "open", _("Open")
    CLICK = "click", _("Email click")


class TrackingEvent(models.Model):
    """Somebody's mail program asked for the picture or a link of a message. `is_automatic`: it was hardly a person."""

    delivery = models.ForeignKey("Delivery", models.CASCADE, related_name="tracking_events")
    profile = models.ForeignKey(Profile, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    link = models.ForeignKey(TrackedLink, models.CASCADE, null=True, related_name="events")
    kind = models.CharField(_("type"), max_length=30, choices=TrackingKind)
    at = models.DateTimeField(_("date"))
    is_automatic = models.BooleanField(_("automatic"), default=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["profile", "at"], name="tracking_by_profile"),
            models.Index(fields=["delivery", "profile", "kind"], name="tracking_by_delivery"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=TrackingKind.CLICK, link__isnull=False) | Q(kind=TrackingKind.OPEN, link__isnull=True),
                name="a_click_names_its_link",
            ),
        ]
