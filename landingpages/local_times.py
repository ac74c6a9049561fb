"""Moments as a clock on the wall shows them, in the time zone of a page; what clocks do twice a year is told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

SHOWN = "%Y-%m-%dT%H:%M"
FULL = "j F Y H:i"
AREAS = frozenset(["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"])


class NoSuchTime(ValueError):
    """The clocks skip this moment; the message says so."""


@dataclass(frozen=True)
class Understood:
    """A moment, and what whoever typed it should know about how it was read."""

    moment: datetime
    remark: str = ""


def understand(wall: datetime, zone: ZoneInfo) -> Understood:
    """The moment at which the clock of the zone shows this: of two the first. NoSuchTime where it never does."""
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    values = {"time": date_format(wall, "H:i"), "day": date_format(wall, "j F Y"), "zone": zone.key}
    as_it_shows = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if as_it_shows != wall:
        values["next"] = date_format(as_it_shows, "H:i")
        raise NoSuchTime(
            _("On %(day)s the clocks in %(zone)s go forward and never show %(time)s: %(next)s is the same moment.") % values
        )
    if first.utcoffset() == second.utcoffset():
        return Understood(first.astimezone(UTC))
    values["offset"] = _offset(first)
    remark = _("On %(day)s the clocks in %(zone)s show %(time)s twice: the first time (UTC%(offset)s) is meant.") % values
    return Understood(first.astimezone(UTC), remark)


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock of the zone shows at this moment."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)


def spoken(moment: datetime, zone: ZoneInfo) -> str:
    """ "3 March 2027 09:00 (Europe/Paris, UTC+01:00)": leaves nobody in doubt."""
    local = moment.astimezone(zone)
    offset = _offset(local)
    named = zone.key if zone.key == "UTC" else f"{zone.key}, UTC{offset}"
    return f"{date_format(local, FULL)} ({named})"


def _offset(local: datetime) -> str:
    """ "+01:00"."""
    sign_and_digits = local.strftime("%z")
    return f"{sign_and_digits[:3]}:{sign_and_digits[3:5]}"


def zone_choices() -> list[tuple[str, Any]]:
    """The installation's own zone, then every place of the IANA list."""
    default = _("Default (%(zone)s)") % {"zone": timezone.get_default_timezone_name()}
    return [("", default), *((name, name.replace("_", " ")) for name in sorted(_places()))]


def _places() -> set[str]:
    """Places and UTC; not the abbreviations and aliases that the list keeps for old programs."""
    return {name for name in available_timezones() if name.partition("/")[0] in AREAS} | {"UTC"}


class WallClockField(forms.DateTimeField):
    """What somebody read off a clock: without a time zone, which is another field's."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format=SHOWN))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            read = super().to_python(value)
        return read.replace(tzinfo=None) if read else None
