"""The content of a delivery: HTML as somebody wrote it, or blocks that it is made of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from landingpages.models import Image
from profiles.models import Brand


class ContentMode(models.TextChoices):
    HTML = "html", _("HTML source")
    BLOCKS = "blocks", _("Blocks")


class MailContent(models.Model):
    """`html` is what is sent. In the mode *blocks* it is made of `blocks`, in the looks of `brand`, whenever they change."""

    subject = models.CharField(_("subject"), max_length=255, blank=True)
    html = models.TextField(_("HTML content"), blank=True)
    text = models.TextField(_("text content"), blank=True)
    content_mode = models.CharField(_("content"), max_length=30, choices=ContentMode, default=ContentMode.HTML)
    blocks = models.JSONField(_("blocks"), default=list, blank=True)  # of deliveries.mailblocks
    block_step = models.PositiveIntegerField(default=0, editable=False)  # which BlockStep the blocks are
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brand"))

    class Meta:
        abstract = True


class DeliveryImage(models.Model):
    """What a content shows, or has shown: whoever opens a mail of last year sees its pictures."""

    delivery = models.ForeignKey("Delivery", models.CASCADE, related_name="pictures")
    image = models.ForeignKey(Image, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["delivery", "image"], name="a_picture_is_held_once_per_delivery")]


class BlockStep(models.Model):
    """The blocks of a delivery after one change, to be undone and done again. The newest few are kept."""

    delivery = models.ForeignKey("Delivery", models.CASCADE, related_name="block_steps")
    number = models.PositiveIntegerField()
    blocks = models.JSONField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="block_steps_are_numbered_per_delivery")]
