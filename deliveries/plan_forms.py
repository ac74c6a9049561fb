"""When a delivery is sent, in which waves, how fast and how long, as it is typed."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries.models import Delivery, RateUnit
from landingpages.local_times import NoSuchTime, WallClockField, understand, wall_clock, zone_choices

SCHEDULE = ("contact_at", "time_zone", "confirmation_requested")
PACE = ("wave_sizes", "wave_unit", "wave_pause", "wave_pause_unit", "rate", "rate_unit", "validity", "validity_unit")
ADVANCED = ("wave_sizes", "wave_pause", "rate", "validity")
MOST_SIZES = 20
LONGEST_DAYS = 60
MINUTES = {"minutes": 1, "hours": 60, "days": 1440}
HOURS = {"hours": 1, "days": 24}
UNITS = [("minutes", gettext_lazy("minutes")), ("hours", gettext_lazy("hours")), ("days", gettext_lazy("days"))]


def split(number: int, units: dict[str, int]) -> tuple[int, str]:
    """A number of the smallest unit as people say it: 120 hours are 5 days."""
    name = next(name for name, size in reversed(units.items()) if number % size == 0)
    return number // units[name], name


class PlanForm(forms.ModelForm):
    """The schedule is read off the clock of its time zone; `remarks` say what clocks did to it."""

    contact_at = WallClockField(
        label=gettext_lazy("Start sending from"),
        required=False,
        help_text=gettext_lazy("The contact date. Left empty, messages are sent once the delivery is confirmed."),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), required=False, help_text=gettext_lazy("The date is read off a clock that hangs there.")
    )
    confirmation_requested = forms.BooleanField(
        label=gettext_lazy("Request confirmation before sending messages"),
        required=False,
        help_text=gettext_lazy(
            "Without it, the worker prepares the delivery ahead of its date and sends it then, unless the preparation has"
            " errors. You stand as the one who confirmed."
        ),
    )
    wave_sizes = forms.CharField(
        label=gettext_lazy("Sending waves"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "The sizes of the waves, such as 5, 20. The last one is repeated until everybody is in a wave; the oldest"
            " profiles come first. Left empty, everybody is sent to at once."
        ),
    )
    wave_unit = forms.ChoiceField(
        label=gettext_lazy("Unit of the waves"),
        choices=[("percent", gettext_lazy("percent")), ("number", gettext_lazy("people"))],
        required=False,
    )
    wave_pause = forms.IntegerField(
        label=gettext_lazy("Between two waves"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("From the start of one wave to the start of the next."),
    )
    wave_pause_unit = forms.ChoiceField(label=gettext_lazy("Unit of the interval"), choices=UNITS, required=False)
    rate = forms.IntegerField(
        label=gettext_lazy("Most messages"),
        required=False,
        min_value=1,
        max_value=10_000_000,
        help_text=gettext_lazy("Left empty, as fast as the servers take them. Limits of domains apply in any case."),
    )
    rate_unit = forms.ChoiceField(label=gettext_lazy("Unit of the rate"), choices=RateUnit.choices, required=False)
    validity = forms.IntegerField(label=gettext_lazy("Delivery duration"), required=False, min_value=1)
    validity_unit = forms.ChoiceField(label=gettext_lazy("Unit of the duration"), choices=UNITS[1:], required=False)

    def __init__(self, *args: Any, may_confirm: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remarks: list[str] = []
        self.initial = {**self.initial, **_shown(self.instance)}
        self._offer_zones()
        self.fields["validity"].widget.attrs["placeholder"] = str(_default_days())
        self.fields["validity"].help_text = _(
            "What could not be handed over this long after the start has failed. Left empty: %(days)s days."
        ) % {"days": _default_days()}
        if self.instance.is_template:
            for name in SCHEDULE:
                del self.fields[name]
        elif not may_confirm:
            field = self.fields["confirmation_requested"]
            field.disabled = True
            field.help_text = _("Only who may confirm deliveries can do without. What you save is sent once it is confirmed.")

    def _offer_zones(self) -> None:
        choices, zone = zone_choices(), self.instance.time_zone
        if zone not in dict(choices):  # an old name that was stored once
            choices.append((zone, zone))
        self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]

    @property
    def is_advanced(self) -> bool:
        """Whether the part that few need is to be open: something is set there, or wrong."""
        return any(self[name].errors or self[name].value() for name in ADVANCED)

    def clean_wave_sizes(self) -> list[int]:
        typed = self.cleaned_data["wave_sizes"].replace("%", " ")
        words = re.split(r"[\s,;]+", typed.strip()) if typed.strip() else []
        if len(words) > MOST_SIZES or not all(re.fullmatch(r"[1-9][0-9]{0,8}", word) for word in words):
            raise forms.ValidationError(_("Write whole numbers such as 5, 20: at most %(number)s.") % {"number": MOST_SIZES})
        return [int(word) for word in words]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance.is_template:
            self._clean_schedule()
        self._clean_waves()
        self._clean_validity()
        return cleaned

    def _clean_schedule(self) -> None:
        data = self.cleaned_data
        is_readable = "contact_at" in data and "time_zone" in data
        contact_at = data["contact_at"] = self._moment(data["contact_at"], data["time_zone"]) if is_readable else None
        data["confirmation_requested"] = data["confirmation_requested"] or contact_at is None
        if contact_at and contact_at <= timezone.now() and not data["confirmation_requested"]:
            self.add_error("contact_at", _("This moment has passed: choose a later one, or have the confirmation requested."))

    def _moment(self, wall: datetime | None, zone: str) -> datetime | None:
        """The moment that was typed; a stored one is not moved by saving something else."""
        stored = self.instance.contact_at
        if wall is None or (stored and zone == self.instance.time_zone and wall == wall_clock(stored, self.instance.zone)):
            return stored if wall else None
        try:
            understood = understand(wall, ZoneInfo(zone or timezone.get_default_timezone_name()))
        except NoSuchTime as skipped:
            self.add_error("contact_at", str(skipped))
            return None
        if understood.moment <= timezone.now():
            self.add_error("contact_at", _("This moment has passed."))
        self.remarks += [understood.remark] if understood.remark else []
        return understood.moment

    def _clean_waves(self) -> None:
        data = self.cleaned_data
        data["waves"] = {}
        sizes, pause = data.get("wave_sizes"), data.get("wave_pause")
        if not sizes or self.errors.keys() & {"wave_sizes", "wave_pause"}:
            return
        unit = data.get("wave_unit") or "percent"
        if unit == "percent" and sum(sizes) > 100:
            self.add_error("wave_sizes", _("Together these are more than 100 percent."))
        if pause is None:
            self.add_error("wave_pause", _("Say how much time lies between two waves."))
            return
        minutes = pause * MINUTES[data.get("wave_pause_unit") or "minutes"]
        if minutes > LONGEST_DAYS * MINUTES["days"]:
            self.add_error("wave_pause", _("At most %(days)s days.") % {"days": LONGEST_DAYS})
        data["waves"] = {"unit": unit, "sizes": sizes, "minutes": minutes}

    def _clean_validity(self) -> None:
        data = self.cleaned_data
        number = data.get("validity")
        hours = number * HOURS[data.get("validity_unit") or "days"] if number else None
        if hours and hours > LONGEST_DAYS * HOURS["days"]:
            self.add_error("validity", _("At most %(days)s days.") % {"days": LONGEST_DAYS})
        data["validity_hours"] = hours

    def plan(self) -> dict[str, Any]:
        """The columns of the delivery's plan as the form has them."""
        data = self.cleaned_data
        unit = data.get("rate_unit") or RateUnit.MINUTE.value
        pace = {"waves": data["waves"], "rate": data["rate"], "rate_unit": unit, "validity_hours": data["validity_hours"]}
        return pace if self.instance.is_template else pace | {name: data[name] for name in SCHEDULE}

    def plan_has_changed(self) -> bool:
        return any(getattr(self.instance, name) != value for name, value in self.plan().items())


def _default_days() -> int:
    return Delivery(validity_hours=None).validity.days


def _shown(delivery: Delivery) -> dict[str, Any]:
    """What the fields show of a stored plan."""
    waves = delivery.waves
    pause, pause_unit = split(waves["minutes"], MINUTES) if waves else (None, "hours")
    validity, validity_unit = split(delivery.validity_hours, HOURS) if delivery.validity_hours else (None, "days")
    return {
        "contact_at": wall_clock(delivery.contact_at, delivery.zone) if delivery.contact_at else None,
        "time_zone": delivery.time_zone,
        "confirmation_requested": delivery.confirmation_requested,
        "wave_sizes": ", ".join(map(str, waves.get("sizes", []))),
        "wave_unit": waves.get("unit", "percent"),
        "wave_pause": pause,
        "wave_pause_unit": pause_unit,
        "rate": delivery.rate,
        "rate_unit": delivery.rate_unit,
        "validity": validity,
        "validity_unit": validity_unit,
    }
