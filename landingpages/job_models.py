"""The properties of a page that say what a submission does (reference 3.7, 3.8)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from profiles.models import MessageChoice


class OnMatch(models.TextChoices):
    """What a submission without a link may do to a profile that exists already (design decision 8)."""

    ASK_BY_EMAIL = "ask_by_email", _("Ask by email")
    UPDATE = "update", _("Update")
    REFUSE = "refuse", _("Refuse")


class SpecificAction(models.TextChoices):
    """What sending the page does besides what its fields say (reference 3.1.6)."""

    NONE = "none", _("No specific action")
    SUBSCRIPTION = "subscription", _("Subscription")
    UNSUBSCRIPTION = "unsubscription", _("Unsubscription")
    BLOCKLIST = "blocklist", _("Blocklist")


SERVICE_ACTIONS = (SpecificAction.SUBSCRIPTION, SpecificAction.UNSUBSCRIPTION)


class JobProperties(models.Model):
    """What becomes of a submission. Frozen in each version; read by `landingpages.jobs`."""

    # Fields of a profile joined by "+", as "email+last_name"
    reconciliation_key = models.CharField(_("reconciliation key"), max_length=200, default="email")
    # {"last_name": {"form": <bound field>} or {"constant": <text>}}; a field that is not named comes from its own block
    key_mapping = models.JSONField(_("mapping of the reconciliation key"), default=dict, blank=True)
    on_match = models.CharField(_("when the profile exists"), max_length=30, choices=OnMatch, default=OnMatch.ASK_BY_EMAIL)
    specific_action = models.CharField(_("specific action"), max_length=30, choices=SpecificAction, default=SpecificAction.NONE)
    service_from_url = models.BooleanField(_("service from the URL"), default=False)
    # {"thursday-letter": 3}: name in the URL -> id of the service
    served = models.JSONField(_("services of the page"), default=dict, blank=True)
    # {"city": "Lyon", "opted_out_sms": True}: stored with every submission, over what was typed
    additional_data = models.JSONField(_("additional data"), default=dict, blank=True)
    message = models.CharField(_("confirmation message"), max_length=30, choices=MessageChoice, default=MessageChoice.NONE)
    # {"en": {"subject": …, "text": …}, "fr": …}
    message_texts = models.JSONField(_("text of the confirmation message"), default=dict, blank=True)
    double_opt_in = models.BooleanField(_("double opt-in"), default=False)
    log_responses = models.BooleanField(_("log responses"), default=True)
    spam_protection = models.BooleanField(_("spam protection"), default=True)

    class Meta:
        abstract = True
