"""The ledger: every change of every choice."""

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from profiles.channels import ANY_CHANNEL, OPT_OUT_LABELS
from profiles.models.membership import Service
from profiles.models.people import Profile


class Source(models.TextChoices):
    """Where a choice was made."""

    OPERATOR = "operator", _("operator")
    LANDING_PAGE = "landing_page", _("landing page")
    PAGE_OPENED = "page_opened", _("page opened")
    ONE_CLICK = "one_click", _("one-click unsubscription")
    UNSUBSCRIBE_PAGE = "unsubscribe_page", _("unsubscription page")
    PERSONAL_LINK = "personal_link", _("personal link")
    KEYWORD = "keyword", _("keyword")
    API = "api", _("API")
    IMPORT = "import", _("import")
    MERGE = "merge", _("merge")
    DISPUTED = "disputed", _("change of address disputed")
    DOUBLE_OPT_IN = "double_opt_in", _("double opt-in")
    SYSTEM = "system", _("system")


class Scope(models.TextChoices):
    """What a choice is about: every channel, one channel, or one service."""

    ALL = ANY_CHANNEL, _("any channel")
    EMAIL = "email", _("email")
    SMS = "sms", _("SMS")
    PUSH = "push", _("push notification")
    DIRECT_MAIL = "direct_mail", _("direct mail")
    SERVICE = "service", _("service")


class ConsentEvent(models.Model):
    """One change of one choice. Append-only: the database refuses UPDATE and DELETE (profiles.ledger).

    `before` and `after` say whether the person was and is opted out of `scope`. What belongs to other apps is
    a plain number with its label copied: the ledger outlives what it names.
    """

    profile = models.ForeignKey(Profile, models.DO_NOTHING, db_constraint=False, related_name="consent_events")
    scope = models.CharField(_("choice"), max_length=30, choices=Scope)
    service = models.ForeignKey(Service, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    service_label = models.CharField(max_length=128, blank=True)
    before = models.BooleanField(_("opted out before"))
    after = models.BooleanField(_("opted out after"))
    at = models.DateTimeField(_("moment"))
    source = models.CharField(_("source"), max_length=30, choices=Source)
    by = models.CharField(_("by"), max_length=150, blank=True)
    by_id = models.BigIntegerField(null=True)
    page_version_id = models.BigIntegerField(null=True)
    page_label = models.CharField(max_length=128, blank=True)
    wording = models.TextField(_("wording shown"), blank=True)
    delivery_id = models.BigIntegerField(null=True)
    delivery_label = models.CharField(max_length=128, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    ip = models.CharField(_("network"), max_length=43, blank=True)

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("consent events")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["profile", "scope", "id"], name="consent_by_profile_and_scope"),
            models.Index(fields=["service", "at"], name="consent_by_service", condition=Q(service__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="a_consent_event_changes_something"),
            models.CheckConstraint(
                condition=Q(scope=Scope.SERVICE, service__isnull=False) | ~Q(scope=Scope.SERVICE) & Q(service__isnull=True),
                name="a_consent_event_names_its_service",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.choice_label}: {'yes' if self.after else 'no'}"

    @cached_property
    def choice_label(self) -> str:
        """The box as the General tab words it; the service's name for a subscription."""
        return str(OPT_OUT_LABELS[self.scope]) if self.scope in OPT_OUT_LABELS else self.service_label
