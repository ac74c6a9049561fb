"""Files of profiles that operators upload: from the upload to the last row."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ImportStatus(models.TextChoices):
    """Where an import stands. *Checking* counts what would happen and writes nothing; *importing* writes."""

    UPLOADED = "uploaded", _("Uploaded")
    CHECKING = "checking", _("Checking")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Importing")
    FINISHED = "finished", pgettext_lazy("import", "Finished")
    CANCELLED = "cancelled", pgettext_lazy("import", "Cancelled")
    FAILED = "failed", _("Failed")


RUNNING = (ImportStatus.CHECKING, ImportStatus.IMPORTING)
ENDED = (ImportStatus.FINISHED, ImportStatus.CANCELLED, ImportStatus.FAILED)
# To -> from
IMPORT_SOURCES: dict[str, tuple[str, ...]] = {
    ImportStatus.UPLOADED: (ImportStatus.UPLOADED, ImportStatus.CHECKED),
    ImportStatus.CHECKING: (ImportStatus.UPLOADED, ImportStatus.CHECKED),
    ImportStatus.CHECKED: (ImportStatus.CHECKING,),
    ImportStatus.IMPORTING: (ImportStatus.CHECKED,),
    ImportStatus.FINISHED: (ImportStatus.IMPORTING,),
    ImportStatus.CANCELLED: (ImportStatus.UPLOADED, ImportStatus.CHECKING, ImportStatus.CHECKED, ImportStatus.IMPORTING),
    ImportStatus.FAILED: (ImportStatus.CHECKING, ImportStatus.IMPORTING),
}


class ImportJob(models.Model):
    """A file that becomes profiles. The counts are those of the running or last pass: of the check, then of the import.

    In the import they are written in the transaction of each batch: they say exactly what is in, whatever happens.
    """

    file_name = models.CharField(_("file"), max_length=200)
    key = models.CharField(max_length=32, unique=True)  # random: the name of the files in settings.FILES
    size = models.PositiveBigIntegerField()  # bytes
    encoding = models.CharField(max_length=30)
    delimiter = models.CharField(max_length=1)
    header = models.JSONField(default=list)  # the names of the columns
    fields = models.JSONField(default=list)  # the field of each column, "" for none
    status = models.CharField(_("status"), max_length=30, choices=ImportStatus, default=ImportStatus.UPLOADED)
    expected = models.JSONField(default=dict)  # the counts of the check, once it is complete

    total = models.PositiveIntegerField(default=0)  # rows of the file
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    tightened = models.PositiveIntegerField(default=0)
    lifts_ignored = models.PositiveIntegerField(default=0)
    rejects_size = models.PositiveBigIntegerField(default=0)  # bytes of the file of refused rows that belong to these counts
    why = models.TextField(blank=True)  # why it failed
    language = models.CharField(max_length=10, blank=True)  # of whoever asked for the check: refused rows say why in it

    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)  # before the first byte was stored
    created_by = models.CharField(_("by"), max_length=150)
    created_by_id = models.BigIntegerField(null=True)
    started_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)
    names_erased = models.BooleanField(default=False)  # its files name somebody who was erased: they go when it ends
    files_deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ENDED, ended_at__isnull=False) | ~Q(status__in=ENDED) & Q(ended_at__isnull=True),
                name="an_import_that_ended_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(lease_until__isnull=True) | Q(status__in=RUNNING), name="only_a_running_import_has_a_lease"
            ),
            models.CheckConstraint(
                condition=Q(total__gte=F("created") + F("updated") + F("unchanged") + F("rejected")),
                name="an_import_counts_no_row_twice",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def done(self) -> int:
        """Rows that are through."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING
