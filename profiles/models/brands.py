"""Whose name is on the public pages."""

from typing import Any

from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

HEX = RegexValidator(r"^#[0-9a-f]{6}\Z", _("Write the colour as # and six digits, such as #1d5f5a."))


def _colour(label: Any, default: str) -> "models.CharField[str, str]":
    return models.CharField(label, max_length=7, default=default, validators=[HEX])


class Logo(models.Model):
    """An image of a brand, found by what it is made of and never changed: a published version names it for ever."""

    digest = models.CharField(max_length=64, unique=True)
    media_type = models.CharField(max_length=30)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return self.digest


class Brand(models.Model):
    """Name, logo, colours and sender of public pages. Without any brand these are the sender of the settings and our colours."""

    label = models.CharField(_("name"), max_length=128)
    logo = models.ForeignKey(Logo, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("logo"))
    light_accent = _colour(_("accent"), "#1d5f5a")
    light_button_text = _colour(_("text of buttons"), "#ffffff")
    light_page = _colour(_("background"), "#f6f5f2")
    light_text = _colour(_("text"), "#2c2b29")
    dark_accent = _colour(_("accent"), "#8fd3cb")
    dark_button_text = _colour(_("text of buttons"), "#10211f")
    dark_page = _colour(_("background"), "#171716")
    dark_text = _colour(_("text"), "#eceae6")
    postal_address = models.CharField(_("postal address"), max_length=300, blank=True)
    privacy_url = models.CharField(_("privacy notice"), max_length=2000, blank=True, validators=[URLValidator(["https", "http"])])
    is_default = models.BooleanField(_("default brand"), default=False)

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        ordering = ["label", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_brand"),
        ]

    def __str__(self) -> str:
        return self.label
