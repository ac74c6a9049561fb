"""Services, and who is subscribed to them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from profiles.models.people import Profile


class Service(models.Model):
    """A newsletter that people subscribe to."""

    label = models.CharField(_("label"), max_length=128)
    public_label = models.CharField(_("service label"), max_length=128, help_text=_("The name that subscribers read."))
    description = models.TextField(_("description"), max_length=512, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class Subscription(models.Model):
    """A profile's current membership of a service; its history is in ConsentEvent."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="subscriptions", verbose_name=_("profile"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="subscriptions", verbose_name=_("service"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(fields=["profile", "service"], name="subscribed_once_per_service"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} – {self.service}"
