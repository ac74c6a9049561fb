"""People, what they allow, and the ledger of who changed it."""

import uuid
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, OPT_OUT_LABELS, Channel
from profiles.fields import ByteOrderedField, FoldedField, fold, prefix
from profiles.regions import country_name


class ProfileQuerySet(models.QuerySet["Profile"]):
    def opted_out(self, scope: str) -> Self:
        """Profiles with this very box ticked; `scope` is a channel or ANY_CHANNEL."""
        return self.filter(**{OPT_OUT_FIELDS[scope]: True})

    def reachable(self, channel: Channel) -> Self:
        """Profiles that neither refused this channel nor every channel (design decision 1)."""
        return self.exclude(opted_out_all=True).exclude(**{channel.opt_out_field: True})

    def matching(self, text: str) -> Self:
        """Profiles of which the email, mobile, first or last name starts with the text; accents and case do not matter."""
        folded = fold(text)
        if not folded:
            return self
        found = prefix("email", text.strip().lower()) | prefix("first_name_folded", folded) | prefix("last_name_folded", folded)
        digits = "".join(character for character in text if character in "+0123456789")
        if digits.startswith("+") and len(digits) > 1:
            found |= prefix("mobile", digits)
        first, _space, last = folded.partition(" ")
        if last:
            found |= prefix("last_name_folded", last) & Q(first_name_folded=first)
        return self.filter(found)

    def with_address(self, channel: Channel, address: str) -> Self:
        return self.filter(**{channel.address_field: address})


class Profile(models.Model):
    """A person we may write to.

    The opt-out columns change only through profiles.consent; they are the projection of ConsentEvent.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    first_name = models.CharField(_("first name"), max_length=30, blank=True)
    last_name = models.CharField(_("last name"), max_length=50, blank=True)
    first_name_folded = FoldedField(max_length=60, source="first_name")
    last_name_folded = FoldedField(max_length=100, source="last_name")
    preferred_language = models.CharField(_("preferred language"), max_length=2, blank=True)

    email = ByteOrderedField(_("email"), max_length=254, blank=True)
    mobile = ByteOrderedField(_("mobile"), max_length=20, blank=True)

    opted_out_all = models.BooleanField(OPT_OUT_LABELS[ANY_CHANNEL], default=False, editable=False)
    opted_out_email = models.BooleanField(OPT_OUT_LABELS["email"], default=False, editable=False)
    opted_out_sms = models.BooleanField(OPT_OUT_LABELS["sms"], default=False, editable=False)
    opted_out_push = models.BooleanField(OPT_OUT_LABELS["push"], default=False, editable=False)
    opted_out_direct_mail = models.BooleanField(OPT_OUT_LABELS["direct_mail"], default=False, editable=False)

    street = models.CharField(_("street"), max_length=120, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["email"], name="profile_email"),
            models.Index(fields=["mobile"], name="profile_mobile"),
            models.Index(fields=["first_name_folded"], name="profile_first_name"),
            models.Index(fields=["last_name_folded"], name="profile_last_name"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email or self.mobile or str(self.public_id)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def country_name(self) -> str:
        return country_name(self.country) if self.country else ""

    @property
    def choices(self) -> dict[str, bool]:
        """Scope -> ticked, in the order of the General tab."""
        return {scope: getattr(self, field) for scope, field in OPT_OUT_FIELDS.items()}

    @property
    def ticked(self) -> list[str]:
        """The labels of the ticked boxes, as the summary prints them."""
        return [str(OPT_OUT_LABELS[scope]) for scope, value in self.choices.items() if value]


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
        indexes = [models.Index(fields=["profile", "scope", "id"], name="consent_by_profile_and_scope")]
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


class PendingChange(models.Model):
    """What somebody asked for without enough proof: applied when the holder of the stored address confirms it by POST.

    `fields` are plain columns with their new values, `choices` scope -> ticked; `evidence` is what the ledger will keep.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="pending_changes")
    address = ByteOrderedField(max_length=254)  # the email that is asked: whoever reads it proves to hold it
    fields = models.JSONField(default=dict)
    choices = models.JSONField(default=dict)
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
    page_id = models.BigIntegerField(null=True)
    page_slug = models.CharField(max_length=64, blank=True)
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
