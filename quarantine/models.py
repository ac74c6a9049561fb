"""Addresses we must not write to, whoever has them (reference-behaviour.md section 5)."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from profiles.channels import Channel
from profiles.fields import ByteOrderedField


class Status(models.TextChoices):
    """What an address is good for; only *Quarantine* and *On blocklist* exclude."""

    UNKNOWN = "unknown", _("Unknown")
    ERRONEOUS = "erroneous", _("Erroneous")
    VALID = "valid", _("Valid")
    BLOCKLIST = "blocklist", _("On blocklist")
    QUARANTINE = "quarantine", pgettext_lazy("status", "Quarantine")
    ALLOWLIST = "allowlist", _("On allowlist")


EXCLUDING = (Status.QUARANTINE, Status.BLOCKLIST)


class Reason(models.TextChoices):
    """Why an address failed (reference 5.1.6 and 5.3)."""

    NOT_DEFINED = "not_defined", _("Not defined")
    USER_UNKNOWN = "user_unknown", _("User unknown")
    INVALID_DOMAIN = "invalid_domain", _("Invalid domain")
    UNREACHABLE = "unreachable", _("Unreachable")
    ACCOUNT_DISABLED = "account_disabled", _("Account disabled")
    MAILBOX_FULL = "mailbox_full", _("Mailbox full")
    NOT_CONNECTED = "not_connected", _("Not connected")
    REFUSED = "refused", _("Refused")
    ERROR_IGNORED = "error_ignored", _("Error ignored")
    ON_BLOCKLIST = "on_blocklist", _("Address on blocklist")


class QuarantinedAddressQuerySet(models.QuerySet["QuarantinedAddress"]):
    def excluding(self, channel: Channel) -> Self:
        """The records that keep their address out of every delivery on the channel."""
        return self.filter(channel=channel, status__in=EXCLUDING)


class QuarantinedAddress(models.Model):
    """One address on one channel and what is known about it; it belongs to no profile."""

    channel = models.CharField(_("channel"), max_length=30, choices=Channel)
    address = ByteOrderedField(_("address"), max_length=254)
    status = models.CharField(_("status"), max_length=30, choices=Status, default=Status.QUARANTINE)
    reason = models.CharField(_("error reason"), max_length=30, choices=Reason, default=Reason.NOT_DEFINED)
    errors = models.PositiveIntegerField(_("number of errors"), default=0)
    significant_error_at = models.DateTimeField(_("last counted error"), null=True, blank=True, editable=False)
    error_at = models.DateTimeField(_("error date"), null=True, blank=True)
    error_text = models.TextField(_("error text"), blank=True)
    delivery_id = models.BigIntegerField(null=True, editable=False)
    delivery_label = models.CharField(_("last delivery"), max_length=128, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)

    objects = QuarantinedAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined address")
        verbose_name_plural = _("quarantined addresses")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="one_record_per_address_and_channel"),
            models.CheckConstraint(condition=~Q(address=""), name="a_quarantined_address_is_not_empty"),
            models.CheckConstraint(
                condition=~Q(status=Status.ERRONEOUS) | Q(errors__gt=0, significant_error_at__isnull=False),
                name="an_erroneous_address_has_a_counted_error",
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def excludes(self) -> bool:
        return self.status in EXCLUDING
