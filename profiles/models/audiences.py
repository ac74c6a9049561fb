"""Audiences that are kept: a query that is asked anew each time, or the frozen list of who it found once."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from profiles.models.people import Profile


class AudienceKind(models.TextChoices):
    QUERY = "query", _("Query")
    LIST = "list", _("Frozen list")


class SavedAudienceQuerySet(models.QuerySet["SavedAudience"]):
    def lists(self) -> Self:
        """Frozen lists that are complete."""
        return self.filter(kind=AudienceKind.LIST, counted_at__isnull=False)

    def usable(self) -> Self:
        """What a delivery can take: queries and complete lists."""
        return self.filter(Q(kind=AudienceKind.QUERY) | Q(counted_at__isnull=False))


class SavedAudience(models.Model):
    """An audience with a name. A list keeps the tree that it was made from; it is complete once it is counted."""

    label = models.CharField(_("label"), max_length=128)
    description = models.TextField(_("description"), max_length=512, blank=True)
    kind = models.CharField(_("kind"), max_length=30, choices=AudienceKind, default=AudienceKind.QUERY, editable=False)
    tree = models.JSONField(default=dict, blank=True, editable=False)
    size = models.PositiveIntegerField(_("people"), null=True, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    expires_on = models.DateField(
        _("expires on"), null=True, blank=True, help_text=_("Deleted after this day, unless it is in use.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = SavedAudienceQuerySet.as_manager()

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        ordering = ["label", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__isnull=True, counted_at__isnull=True) | Q(size__isnull=False, counted_at__isnull=False),
                name="a_counted_audience_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_list(self) -> bool:
        return self.kind == AudienceKind.LIST

    @property
    def is_complete(self) -> bool:
        """Whether it can be used: a list that is still being made, or was given up, cannot."""
        return not self.is_list or self.counted_at is not None


class Freezing(models.Model):
    """A list in the making: how far the worker is. Gone once the list is complete; with an error it was given up."""

    audience = models.OneToOneField(SavedAudience, models.CASCADE, primary_key=True, related_name="freezing")
    highest = models.BigIntegerField()  # the last profile id of the moment it was asked for
    reached = models.BigIntegerField(default=0)  # up to this id the members are in
    found = models.PositiveIntegerField(default=0)  # members so far
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True)  # its kind only: what it says may name people

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(reached__lte=F("highest"), found__lte=F("reached")), name="a_list_in_the_making_is_within_its_ids"
            ),
            models.CheckConstraint(
                condition=Q(lease_until__isnull=True) | Q(error=""), name="a_list_that_was_given_up_has_no_lease"
            ),
        ]

    def __str__(self) -> str:
        return str(self.audience_id)

    @property
    def percent(self) -> int:
        return 100 * self.reached // max(1, self.highest)


class AudienceMember(models.Model):
    """One profile of a frozen list; a foreign key that the database checked row by row would cost more than the rows."""

    pk = models.CompositePrimaryKey("audience_id", "profile_id")
    audience = models.ForeignKey(SavedAudience, models.CASCADE, related_name="members", db_index=False)
    profile = models.ForeignKey(Profile, models.CASCADE, db_constraint=False, related_name="+")

    class Meta:
        verbose_name = _("member of a list")
        verbose_name_plural = _("members of lists")
