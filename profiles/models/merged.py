"""What stays of a profile that was merged into another one."""

from django.db import models

from profiles.models.people import Profile


class ProfileAlias(models.Model):
    """The ids of a merged-away profile: its links, its ledger and its messages lead to the winner.

    When the winner is merged away in its turn, its aliases move on: there are no chains.
    """

    former_id = models.BigIntegerField(unique=True)
    former_public_id = models.UUIDField(unique=True)
    winner = models.ForeignKey(Profile, models.CASCADE, related_name="aliases")
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=150, blank=True)

    class Meta:
        default_permissions = ()
