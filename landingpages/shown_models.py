"""What blocks of several pages show: pictures, and texts that are written once. Part of landingpages.models."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Image(models.Model):
    """A picture of our own media, named by what it is. It stays as long as a version, or a block, shows it."""

    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of its bytes, hexadecimal
    content = models.BinaryField()
    type = models.CharField(max_length=30, editable=False)  # "image/png"
    width = models.PositiveIntegerField()  # pixels
    height = models.PositiveIntegerField()
    name = models.CharField(max_length=128)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.CharField(max_length=150, blank=True, editable=False)

    def __str__(self) -> str:
        return self.name


class SharedBlock(models.Model):
    """A text that several pages show. A version freezes it as it was. `texts` = {"en": {"label": HTML}, "fr": {…}}."""

    label = models.CharField(_("label"), max_length=128, unique=True)
    texts = models.JSONField(default=dict)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("content block")
        verbose_name_plural = _("content blocks")
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label
