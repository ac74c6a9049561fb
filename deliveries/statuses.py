"""The states of deliveries, preparations, messages and batches, and which may follow which."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class InvalidTransition(Exception):
    """Somebody else was faster, or the step is not possible in this state; the message is for the operator."""


class DeliveryStatus(TextChoices):
    EDITING = "editing", _("Editing")
    PREPARING = "preparing", _("Preparing")
    READY = "ready", _("Ready")
    IN_PROGRESS = "in_progress", _("In progress")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    FINISHED = "finished", _("Finished")


# To -> from
DELIVERY_SOURCES: dict[str, tuple[str, ...]] = {
    DeliveryStatus.EDITING: (DeliveryStatus.EDITING, DeliveryStatus.READY, DeliveryStatus.PREPARING),
    DeliveryStatus.PREPARING: (DeliveryStatus.EDITING, DeliveryStatus.READY),
    DeliveryStatus.READY: (DeliveryStatus.PREPARING,),
    DeliveryStatus.IN_PROGRESS: (DeliveryStatus.READY, DeliveryStatus.PAUSED),
    DeliveryStatus.PAUSED: (DeliveryStatus.IN_PROGRESS,),
    DeliveryStatus.STOPPED: (DeliveryStatus.READY, DeliveryStatus.IN_PROGRESS, DeliveryStatus.PAUSED),
    DeliveryStatus.FINISHED: (DeliveryStatus.IN_PROGRESS,),
}
CONFIRMED = (DeliveryStatus.IN_PROGRESS, DeliveryStatus.PAUSED, DeliveryStatus.STOPPED, DeliveryStatus.FINISHED)


class PreparationStatus(TextChoices):
    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    SUPERSEDED = "superseded", _("Superseded")


class MessageStatus(TextChoices):
    """What became of a message. *Ignored* belongs to the preparation's exclusions, the rest to those to deliver."""

    PENDING = "pending", _("Pending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    EXCLUDED_LATE = "excluded_late", _("Excluded late")
    UNCERTAIN = "uncertain", _("Uncertain")
    IGNORED = "ignored", _("Ignored")


class BatchStatus(TextChoices):
    WAITING = "waiting", _("Waiting")
    CLAIMED = "claimed", _("Claimed")
    DONE = "done", _("Done")


class Exclusion(TextChoices):
    """Why the preparation left somebody out, in the order in which the rules look (design decision 17)."""

    ADDRESS_NOT_SPECIFIED = "address_not_specified", _("Address not specified")
    INVALID_ADDRESS = "invalid_address", _("Invalid address")
    BLOCKLIST = "blocklist", _("Address on blocklist")
    QUARANTINE = "quarantine", _("Quarantined address")
    DUPLICATE = "duplicate", _("Duplicate")


class LateExclusion(TextChoices):
    """Why somebody to deliver to was left out at hand-over, beside the reasons of the preparation."""

    ADDRESS_CHANGED = "address_changed", _("Address changed since the preparation")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed from the service")
    MERGED = "merged", _("Received already through a profile that was merged")
    PROFILE_GONE = "profile_gone", _("Profile deleted")
    STOPPED = "stopped", _("Delivery stopped")


EXCLUSION_TEXTS = {
    Exclusion.ADDRESS_NOT_SPECIFIED: _("Address not specified."),
    Exclusion.INVALID_ADDRESS: _("The address is not valid."),
    Exclusion.BLOCKLIST: _("The recipient no longer wants to be contacted."),
    Exclusion.QUARANTINE: _("The address is quarantined."),
    Exclusion.DUPLICATE: _("Exclusion of duplicates (based on address)"),
}
