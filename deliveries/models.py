"""Deliveries, their preparations, and one message per targeted profile."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from deliveries.content_models import BlockStep as BlockStep
from deliveries.content_models import ContentMode as ContentMode
from deliveries.content_models import DeliveryImage as DeliveryImage
from deliveries.content_models import MailContent
from deliveries.plan_models import PLAN_CONSTRAINTS, PlanProperties
from deliveries.plan_models import DomainLimit as DomainLimit
from deliveries.plan_models import DomainMinute as DomainMinute
from deliveries.plan_models import RateUnit as RateUnit
from deliveries.proof_models import Proof as Proof
from deliveries.proof_models import ProofKind as ProofKind
from deliveries.proof_models import ProofMail as ProofMail
from deliveries.proof_models import ProofStatus as ProofStatus
from deliveries.proof_models import TestProfile as TestProfile
from deliveries.result_models import Share as Share
from deliveries.result_models import Shift as Shift
from deliveries.statuses import (
    CONFIRMED,
    VALIDITY_ENDED,
    BatchStatus,
    DeliveryStatus,
    Exclusion,
    LateExclusion,
    MessageStatus,
    PreparationStatus,
)
from deliveries.tracking_models import TrackedLink as TrackedLink
from deliveries.tracking_models import TrackingEvent as TrackingEvent
from deliveries.tracking_models import TrackingKind as TrackingKind
from deliveries.typology_models import Typology, default_typology
from landingpages.models import LandingPage
from profiles import aliases, sentences
from profiles.channels import Channel
from profiles.fields import ByteOrderedField
from profiles.models import Profile, Service


class Tracking(models.TextChoices):
    """What of a delivery's reception is noted (design decision 24)."""

    OFF = "off", _("Nothing")
    OPENS = "opens", _("Opens")
    CLICKS = "clicks", _("Clicks")
    BOTH = "both", _("Opens and clicks")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def planned(self) -> Self:
        """Deliveries, without the templates that they start from."""
        return self.filter(is_template=False)


class Delivery(MailContent, PlanProperties):
    """One planned send. `preparation` is the valid one; what is sent is that preparation's pinned content."""

    label = models.CharField(_("label"), max_length=128)
    channel = models.CharField(_("channel"), max_length=30, choices=Channel, default=Channel.EMAIL)
    service = models.ForeignKey(
        Service,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("service"),
        help_text=_("One click on “unsubscribe” then ends this subscription instead of all emails."),
    )
    sender_name = models.CharField(_("sender name"), max_length=100, blank=True)
    sender_email = models.EmailField(_("sender address"), blank=True)
    preference_page = models.ForeignKey(
        LandingPage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("preference page")
    )
    blocklist_page = models.ForeignKey(
        LandingPage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("blocklist page")
    )
    tracking = models.CharField(
        _("tracking"),
        max_length=30,
        choices=Tracking,
        default=Tracking.CLICKS,
        help_text=_("Many countries ask for people's consent before opens are noted."),
    )
    audience = models.JSONField(_("audience"), default=dict, blank=True)
    typology = models.ForeignKey(Typology, models.PROTECT, default=default_typology, related_name="+", verbose_name=_("typology"))
    control_group = models.JSONField(_("control group"), default=dict, blank=True)  # deliveries.controlgroups
    size_limit = models.PositiveIntegerField(_("size limit"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=30, choices=DeliveryStatus, default=DeliveryStatus.EDITING, editable=False)
    preparation = models.OneToOneField("Preparation", models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("confirmed by")
    )
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-pk"]
        permissions = [("prepare_delivery", _("Can prepare deliveries")), ("confirm_delivery", _("Can confirm deliveries"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="a_confirmation_has_a_moment_and_an_operator",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[DeliveryStatus.IN_PROGRESS, DeliveryStatus.PAUSED, DeliveryStatus.FINISHED])
                | Q(confirmed_at__isnull=False, preparation__isnull=False),
                name="only_a_confirmed_preparation_is_sent",
            ),
            models.CheckConstraint(
                condition=~Q(status=DeliveryStatus.READY) | Q(preparation__isnull=False), name="a_ready_delivery_is_prepared"
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.FINISHED, finished_at__isnull=False)
                | ~Q(status=DeliveryStatus.FINISHED) & Q(finished_at__isnull=True),
                name="a_finished_delivery_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(size_limit__isnull=True) | Q(size_limit__gt=0), name="a_size_limit_lets_somebody_through"
            ),
            *PLAN_CONSTRAINTS,
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_editable(self) -> bool:
        return self.status in (DeliveryStatus.EDITING, DeliveryStatus.READY)

    @property
    def is_confirmed(self) -> bool:
        return self.status in CONFIRMED and self.confirmed_at is not None

    @property
    def is_scheduled(self) -> bool:
        """Whether it is confirmed and waits for its contact date."""
        return self.status == DeliveryStatus.READY and self.confirmed_at is not None

    @property
    def state(self) -> str:
        """The status in words; ready with a date is called scheduled."""
        return str(_("Scheduled") if self.is_scheduled else self.get_status_display())

    @property
    def is_email(self) -> bool:
        return self.channel == Channel.EMAIL


class Preparation(models.Model):
    """One analysis of a delivery: who is targeted, who is left out and why, and the content as it will be sent.

    The rows come range by range (`next_id` to `highest_id`), each range in one transaction with its progress, so a
    preparation goes on where it was cut off. Once *ready* the database lets nobody change who is in it.
    """

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="preparations", verbose_name=_("delivery"))
    number = models.PositiveIntegerField(_("number"))
    status = models.CharField(_("status"), max_length=30, choices=PreparationStatus, default=PreparationStatus.RUNNING)
    content = models.JSONField(_("content"), default=dict)
    audience = models.JSONField(_("audience"), default=dict)
    rules = models.JSONField(_("rules"), default=list)
    targeted = models.PositiveIntegerField(_("targeted"), default=0)
    to_deliver = models.PositiveIntegerField(_("to deliver"), default=0)
    excluded = models.PositiveIntegerField(_("excluded"), default=0)
    next_id = models.BigIntegerField(default=0)
    highest_id = models.BigIntegerField(null=True)
    worker = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    created_by = models.CharField(_("started by"), max_length=150, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    counted_at = models.DateTimeField(null=True)  # when its shares and shifts were counted (deliveries.breakdowns)
    purged_at = models.DateTimeField(null=True)  # since when it has no messages any more (deliveries.purging)

    class Meta:
        verbose_name = _("preparation")
        verbose_name_plural = _("preparations")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="preparations_are_numbered_per_delivery"),
            models.UniqueConstraint(
                fields=["delivery"], condition=Q(status=PreparationStatus.RUNNING), name="one_running_preparation_per_delivery"
            ),
            models.CheckConstraint(
                condition=Q(targeted=F("to_deliver") + F("excluded")), name="targeted_is_to_deliver_plus_excluded"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery} ({self.number})"

    @property
    def progress(self) -> int:
        """Percent of the profile ids that were looked at."""
        return min(100, round(100 * self.next_id / self.highest_id)) if self.highest_id else 0


class ExclusionCause(models.Model):
    """The volume of one reason in one preparation, zero too; `detail` splits a rule, by flag or by error reason."""

    preparation = models.ForeignKey(Preparation, models.CASCADE, related_name="causes")
    exclusion = models.CharField(max_length=30, choices=Exclusion)
    detail = models.CharField(max_length=30, blank=True)
    volume = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["preparation", "exclusion", "detail"], name="one_volume_per_cause"),
        ]


class Withheld(models.Model):
    """A profile that a rule leaves out which looks at more than one person: a twin's address, other deliveries, the control
    group. Decided before the ranges of a preparation, and gone when it is ready."""

    pk = models.CompositePrimaryKey("preparation_id", "profile_id")
    preparation = models.ForeignKey(Preparation, models.CASCADE, db_constraint=False, related_name="withheld", db_index=False)
    profile = models.ForeignKey(Profile, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    exclusion = models.CharField(max_length=30, choices=Exclusion, default=Exclusion.DUPLICATE)
    detail = models.CharField(max_length=30, blank=True, default="")


LATE_REASONS = {
    **{exclusion.value: exclusion.label for exclusion in Exclusion},
    **{late.value: late.label for late in LateExclusion},
    VALIDITY_ENDED: _("Validity ended"),
}


class MessageQuerySet(models.QuerySet["Message"]):
    def to_deliver(self) -> Self:
        return self.filter(exclusion="")

    def excluded(self) -> Self:
        return self.exclude(exclusion="")

    def for_profile(self, profile: Profile) -> Self:
        """A profile's messages of all valid preparations: one probe of the primary key for each, newest first.

        Those of profiles that were merged into it count as its own. The preparations are named, because an index on the
        profile alone would double the cost of preparing.
        """
        valid = Delivery.objects.exclude(preparation=None).order_by("-preparation_id").values_list("preparation_id", flat=True)
        return self.filter(preparation__in=list(valid), profile__in=aliases.all_ids(profile)).order_by(
            "-preparation_id", "profile_id"
        )


class Message(models.Model):
    """One profile in one preparation. `exclusion` and `detail` are the preparation's verdict and frozen;
    `status` and `outcome` say what became of it afterwards. Foreign keys that the database checked row by row would cost
    more than all the rules together."""

    pk = models.CompositePrimaryKey("preparation_id", "profile_id")
    preparation = models.ForeignKey(Preparation, models.CASCADE, db_constraint=False, related_name="messages", db_index=False)
    profile = models.ForeignKey(Profile, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    address = ByteOrderedField(_("address"), max_length=254)
    exclusion = models.CharField(_("exclusion"), max_length=30, choices=Exclusion, blank=True, default="")
    detail = models.CharField(max_length=30, blank=True, default="")
    status = models.CharField(_("status"), max_length=30, choices=MessageStatus, default=MessageStatus.PENDING)
    outcome = models.CharField(_("reason"), max_length=255, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    prepared_at = models.DateTimeField(_("prepared"))
    ended_at = models.DateTimeField(_("date"), null=True)
    provider_id = models.CharField(max_length=100, blank=True, default="")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(exclusion="") & ~Q(status=MessageStatus.IGNORED) | ~Q(exclusion="") & Q(status=MessageStatus.IGNORED),
                name="a_message_is_excluded_or_to_deliver",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[MessageStatus.PENDING, MessageStatus.IGNORED], ended_at__isnull=True)
                | ~Q(status__in=[MessageStatus.PENDING, MessageStatus.IGNORED]) & Q(ended_at__isnull=False),
                name="a_message_that_ended_has_its_moment",
            ),
        ]

    @property
    def reason_label(self) -> str:
        """Why it was excluded late, or given up, in words; and the server's last answer as it came."""
        reason, colon, answer = self.outcome.partition(": ")
        return f"{LATE_REASONS[reason]}{colon}{answer}" if reason in LATE_REASONS else self.outcome


class BatchQuerySet(models.QuerySet["Batch"]):
    def progress(self) -> dict[str, int]:
        """Messages by what became of them; their sum is `total`."""
        names = ("total", "sent", "failed", "excluded_late", "uncertain")
        counted = self.aggregate(**{f"n_{name}": Coalesce(Sum(name), 0) for name in names})
        sums = {name: counted[f"n_{name}"] for name in names}
        done = sum(sums[name] for name in names[1:])
        return sums | {"done": done, "waiting": sums["total"] - done}


class Batch(models.Model):
    """About 500 messages to deliver, by their profile ids: what one worker claims, with a lease, and counts."""

    preparation = models.ForeignKey(Preparation, models.CASCADE, related_name="batches")
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    wave = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveIntegerField()
    status = models.CharField(max_length=30, choices=BatchStatus, default=BatchStatus.WAITING)
    worker = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    rounds = models.PositiveSmallIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    excluded_late = models.PositiveIntegerField(default=0)
    uncertain = models.PositiveIntegerField(default=0)

    objects = BatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["preparation", "low"], name="one_batch_per_range"),
            models.CheckConstraint(
                condition=Q(total__gte=F("sent") + F("failed") + F("excluded_late") + F("uncertain")),
                name="a_batch_counts_no_message_twice",
            ),
            models.CheckConstraint(
                condition=Q(status=BatchStatus.CLAIMED, lease_until__isnull=False)
                | ~Q(status=BatchStatus.CLAIMED) & Q(lease_until__isnull=True),
                name="a_claimed_batch_has_a_lease",
            ),
        ]


class Level(models.TextChoices):
    INFORMATION = "information", _("Information")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")


class PreparationLog(models.Model):
    """What happened to a delivery, line by line; errors block its confirmation."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="log")
    preparation = models.ForeignKey(Preparation, models.CASCADE, null=True, related_name="log")
    at = models.DateTimeField(_("date"), auto_now_add=True)
    level = models.CharField(_("level"), max_length=30, choices=Level, default=Level.INFORMATION)
    text = models.TextField(_("text"))
    values = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]

    @property
    def shown(self) -> str:
        """The line in the reader's language."""
        return sentences.shown(self.text, self.values)
