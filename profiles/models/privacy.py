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
