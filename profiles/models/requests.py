"""What somebody asked for and still has to prove, and the outbox of the messages that ask."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from profiles.channels import Channel
from profiles.fields import ByteOrderedField
from profiles.models.events import Source
from profiles.models.membership import Service
from profiles.models.people import Profile


class PendingChange(models.Model):
    """What somebody asked for without enough proof: applied when the holder of the stored address confirms it by POST.

    `fields` are plain columns with their new values, `choices` scope -> ticked, `services` id of a service as text ->
    subscribed; `evidence` is what the ledger will keep.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="pending_changes")
    address = ByteOrderedField(max_length=254)  # the email that is asked: whoever reads it proves to hold it
    fields = models.JSONField(default=dict)
    choices = models.JSONField(default=dict)
    services = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    source = models.CharField(max_length=30, choices=Source)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)


class NoticeKind(models.TextChoices):
    CONFIRM_CHANGE = "confirm_change", _("confirm a change")
    CONFIRM_ADDRESS = "confirm_address", _("confirm a new address")
    ADDRESS_CHANGED = "address_changed", _("address changed")
    FRESH_LINK = "fresh_link", _("fresh link")
    CONFIRM_SUBSCRIPTION = "confirm_subscription", _("confirm a subscription")
    SUBSCRIBED = "subscribed", _("subscribed")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
    CONFIRM_REGISTRATION = "confirm_registration", _("confirm a registration")
    PAGE_MESSAGE = "page_message", _("confirmation message of a page")


class NoticeStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    WITHHELD = "withheld", _("Withheld")


class Notice(models.Model):
    """A message that is no delivery: a confirmation, a link. An outbox: the worker sends it within design decision 9."""

    kind = models.CharField(max_length=30, choices=NoticeKind)
    channel = models.CharField(max_length=30, choices=Channel)
    address = ByteOrderedField(max_length=254)
    profile = models.ForeignKey(Profile, models.CASCADE, null=True, related_name="notices")
    pending_change = models.ForeignKey(PendingChange, models.CASCADE, null=True, related_name="notices")
    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="+")
    page_id = models.BigIntegerField(null=True)
    page_slug = models.CharField(max_length=64, blank=True)
    confirms = models.UUIDField(null=True)  # what its link confirms, where that belongs to an app above
    language = models.CharField(max_length=5, blank=True)
    status = models.CharField(max_length=30, choices=NoticeStatus, default=NoticeStatus.WAITING)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(default=timezone.now)  # not before this; a notice in somebody's hands is due again later
    tried_at = models.DateTimeField(null=True)  # handed over, or about to be: what the limits per address count
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["address", "tried_at"], name="notices_by_address"),
            models.Index(fields=["status", "due_at"], name="notices_by_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=NoticeStatus.WAITING, ended_at__isnull=True)
                | ~Q(status=NoticeStatus.WAITING) & Q(ended_at__isnull=False),
                name="a_notice_that_ended_has_its_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status=NoticeStatus.SENT) | Q(tried_at__isnull=False), name="a_sent_notice_was_tried"
            ),
        ]
