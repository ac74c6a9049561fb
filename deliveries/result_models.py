"""What a preparation counts beside its causes: how its target is made up, and what became different from the one before."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ShareKind(models.TextChoices):
    DOMAIN = "domain", _("Domain")
    COUNTRY = "country", _("Country")
    LANGUAGE = "language", _("Language")


class Share(models.Model):
    """How many of a preparation have this domain, country or language; the most frequent ones only."""

    preparation = models.ForeignKey("Preparation", models.CASCADE, related_name="shares")
    kind = models.CharField(max_length=30, choices=ShareKind)
    value = models.CharField(max_length=254, blank=True)
    targeted = models.PositiveIntegerField()
    to_deliver = models.PositiveIntegerField()

    class Meta:
        ordering = ["kind", "-targeted", "value"]
        constraints = [
            models.UniqueConstraint(fields=["preparation", "kind", "value"], name="one_share_per_value"),
            models.CheckConstraint(condition=Q(to_deliver__lte=F("targeted")), name="a_share_delivers_to_its_target"),
        ]

    @property
    def excluded(self) -> int:
        return self.targeted - self.to_deliver


class Shift(models.Model):
    """How many had the verdict `before` in the former preparation and have `after` in this one, where the two differ.

    A verdict is an exclusion, DELIVER, or ABSENT for who was not targeted. Their profile ids lie between `low` and `high`,
    so that a list of few need not walk through all.
    """

    DELIVER, ABSENT = "deliver", "absent"

    preparation = models.ForeignKey("Preparation", models.CASCADE, related_name="shifts")
    former = models.ForeignKey("Preparation", models.CASCADE, related_name="+")
    before = models.CharField(max_length=30)
    after = models.CharField(max_length=30)
    volume = models.PositiveIntegerField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["preparation", "before", "after"], name="one_volume_per_shift"),
            models.CheckConstraint(condition=~Q(before=F("after")), name="a_shift_leads_elsewhere"),
        ]
