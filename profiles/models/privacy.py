"""What is kept about people who are gone."""

from django.db import models

from profiles.channels import Channel


class SuppressedHash(models.Model):
    """An erased address that must stay silent, as a keyed digest: nobody can read the address, everybody can ask for one."""

    channel = models.CharField(max_length=30, choices=Channel)
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "digest"], name="an_erased_address_is_kept_once")]


class ErasedKey(models.Model):
    """What a row of a file could name an erased person by, as a keyed digest: for as long as such a file may still be read."""

    digest = models.BinaryField(max_length=32)
    erased_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:8]


class Erasing(models.Model):
    """A profile that was erased: opens its events in the ledger for deletion, and is the record that says so. Append-only.

    `event_ids` are the events that went; `mac` is sealing.erasure_mac() of all the rest, so that nobody can explain
    the loss of an event by a row of his own making.
    """

    profile_id = models.BigIntegerField(unique=True)
    erased_at = models.DateTimeField()
    erased_by = models.CharField(max_length=150)
    event_ids = models.JSONField(default=list)
    mac = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return str(self.profile_id)
