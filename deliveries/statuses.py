"""The states of deliveries, preparations, messages and batches, and which may follow which."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from profiles.sentences import Told


class InvalidTransition(Told):
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
    EXCLUDED_ADDRESS = "excluded_address", _("Exclusion of addresses")
    EXCLUDED_DOMAIN = "excluded_domain", _("Exclusion of domains")
    SHARED_OPT_OUT = "shared_opt_out", _("Address opted out on another profile")
    OWN_RULE = "own_rule", _("Own rule")
    DUPLICATE = "duplicate", _("Duplicate")
    FATIGUE = "fatigue", _("Fatigue rule")
    CONTROL_GROUP = "control_group", _("Control group")
    SIZE_LIMIT = "size_limit", _("Target limited in size")


# Never switched off: who cannot be reached, or asked not to be.
PROTECTING = (
    Exclusion.ADDRESS_NOT_SPECIFIED.value,
    Exclusion.INVALID_ADDRESS.value,
    Exclusion.BLOCKLIST.value,
    Exclusion.QUARANTINE.value,
)
# Asked for by a delivery itself, whose typology cannot take it back: more people would be written to than its operator said.
SET_BY_DELIVERIES = (Exclusion.CONTROL_GROUP.value, Exclusion.SIZE_LIMIT.value)
# Kind of a rule that an operator made -> the reason that those whom it leaves out get; which rule it was is the detail.
OWN_RULES = {"filtering": Exclusion.OWN_RULE.value, "fatigue": Exclusion.FATIGUE.value}


class LateExclusion(TextChoices):
    """Why somebody to deliver to was left out at hand-over, beside the reasons of the preparation."""

    ADDRESS_CHANGED = "address_changed", _("Address changed since the preparation")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed from the service")
    MERGED = "merged", _("Received already through a profile that was merged")
    PROFILE_GONE = "profile_gone", _("Profile deleted")
    STOPPED = "stopped", _("Delivery stopped")


VALIDITY_ENDED = "validity_ended"  # the outcome of a message that failed because there was no time left; an answer may follow

EXCLUSION_TEXTS = {
    Exclusion.ADDRESS_NOT_SPECIFIED: _("Address not specified."),
    Exclusion.INVALID_ADDRESS: _("The address is not valid."),
    Exclusion.BLOCKLIST: _("The recipient no longer wants to be contacted."),
    Exclusion.QUARANTINE: _("The address is quarantined."),
    Exclusion.EXCLUDED_ADDRESS: _("The address is on the list of excluded addresses."),
    Exclusion.EXCLUDED_DOMAIN: _("The domain of the address is on the list of excluded domains."),
    Exclusion.SHARED_OPT_OUT: _("Another profile with this address no longer wants to be contacted."),
    Exclusion.OWN_RULE: _("The rule “%(rule)s” leaves this person out."),
    Exclusion.DUPLICATE: _("Exclusion of duplicates (based on address)"),
    Exclusion.FATIGUE: _("The fatigue rule “%(rule)s” has triggered the rejection of this recipient."),
    Exclusion.CONTROL_GROUP: _("Control group"),
    Exclusion.SIZE_LIMIT: _("The delivery has as many recipients as it may have."),
}
