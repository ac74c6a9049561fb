"""What shows that nobody rewrote the ledger: a keyed code for each event, and batches that hang together as a chain."""

from django.db import models


class Seal(models.Model):
    """The code of one event. Append-only; it stays when the event itself is erased, and tells nothing about the person."""

    event_id = models.BigIntegerField(primary_key=True)
    mac = models.BinaryField(max_length=16)


class SealedBatch(models.Model):
    """Events sealed together, in the order of their ids. Append-only.

    `mac` covers the batch before, every seal of this one and their number: no seal can go, come or change unseen.
    """

    number = models.BigIntegerField(primary_key=True)
    first_event_id = models.BigIntegerField()
    last_event_id = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    at = models.DateTimeField()
    mac = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.first_event_id}–{self.last_event_id}"
