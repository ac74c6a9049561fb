"""Moments as people say them."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

FULL = "j F Y H:i"
EXACT = "j F Y H:i:s e"


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """ "today 14:02" with the full moment on hover and for screen readers; a dash for no moment."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), date_format(local, FULL), spoken(local)
    )


@register.filter
def exact(value: datetime | None) -> str:
    """ "3 March 2026 10:00:12 Europe/Paris", for records that must stand on their own."""
    return date_format(timezone.localtime(value), EXACT) if value else "–"


def spoken(local: datetime) -> str:
    """The local moment in words: today, yesterday, or the day itself."""
    time = date_format(local, "H:i")
    today = timezone.localdate()
    if local.date() == today:
        return _("today %(time)s") % {"time": time}
    if local.date() == today - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": time}
    return date_format(local, FULL)
