"""What is kept of each thing that a visitor sent beside what she sent, and how often a page was looked at."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubmissionKind(models.TextChoices):
    """What was pressed: only forms and stops are what a page is there for."""

    FORM = "form", _("Form")
    STOP = "stop", _("Stop, by an old link")
    FRESH_LINK = "fresh_link", _("Asked for a link")
    UNDO = "undo", _("Undo")


CONVERSIONS = (SubmissionKind.FORM, SubmissionKind.STOP)


class Recorded(models.Model):
    """The part of a submission that tells where it belongs and what came of it.

    `request_id` is that of its rows in the ledger. `changed` has the names of the ordinary fields that it changed at
    once, never their values.
    """

    kind = models.CharField(_("kind"), max_length=30, choices=SubmissionKind, default=SubmissionKind.FORM)
    is_identified = models.BooleanField(default=False)  # sent by the holder of a genuine link
    request_id = models.UUIDField(default=uuid.uuid4)
    changed: Any = models.JSONField(default=list)

    class Meta:
        abstract = True


class VisitCount(models.Model):
    """How often people looked at a version on a day of the installation's time zone. Of whom is not known."""

    version = models.ForeignKey("PublishedVersion", models.PROTECT, related_name="+")
    day = models.DateField()
    visits = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "day"], name="visits_are_counted_per_version_and_day")]
