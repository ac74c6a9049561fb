"""The dates of a page as they are typed: on the wall clock of its time zone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.local_times import NoSuchTime, WallClockField, understand, wall_clock, zone_choices
from landingpages.models import LandingPage

DATES = ("deploys_at", "expires_at")
PASSED = gettext_lazy("This moment has passed.")


class DatesForm(forms.ModelForm):
    """The two dates and their time zone. What changed is told as moments; `remarks` say what clocks did to them."""

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        help_text=gettext_lazy("Both dates are read off a clock that hangs there."),
    )
    deploys_at = WallClockField(
        label=gettext_lazy("Deployment date"),
        required=False,
        help_text=gettext_lazy("When the page is to go online. It does so by itself once you have scheduled it under “Publish”."),
    )
    expires_at = WallClockField(
        label=gettext_lazy("Expiration date"),
        required=False,
        help_text=gettext_lazy("From this moment on the page is closed. Left empty, it stays until you unpublish it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remarks: list[str] = []
        page = self.instance
        choices = zone_choices()
        if page.time_zone not in dict(choices):  # an old name that was stored once
            choices.append((page.time_zone, page.time_zone))
        self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]
        for name in DATES:
            moment = getattr(page, name)
            self.initial[name] = wall_clock(moment, page.zone) if moment else None
        if page.is_template:
            for name in ("time_zone", *DATES):
                del self.fields[name]
        elif LandingPage.objects.filter(pk=page.pk, scheduled__failed_at__isnull=True, scheduled__isnull=False).exists():
            field = self.fields["deploys_at"]
            field.disabled, field.show_hidden_initial = True, False
            field.help_text = _("Its publication is scheduled for then: change that under “Publish”.")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance.is_template:
            zone = ZoneInfo(self.cleaned_data.get("time_zone") or timezone.get_default_timezone_name())
            for name in DATES:
                if name in self.cleaned_data:
                    self.cleaned_data[name] = self._moment(name, zone)
            self._refuse_disorder()
        return cleaned

    def dates_changed(self) -> list[str]:
        """The dates that mean another moment now: another time was typed, or the same one in another zone."""
        if self.instance.is_template:
            return []
        is_elsewhere = "time_zone" in self.changed_data
        return [
            name
            for name in DATES
            if not self.fields[name].disabled and (name in self.changed_data or (is_elsewhere and self.cleaned_data.get(name)))
        ]

    def _moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        wall: datetime | None = self.cleaned_data[name]
        if wall is None:
            return None
        if name not in self.dates_changed():
            stored: datetime | None = LandingPage.objects.values_list(name, flat=True).get(pk=self.instance.pk)
            return stored
        try:
            understood = understand(wall, zone)
        except NoSuchTime as skipped:
            self.add_error(name, str(skipped))
            return None
        if understood.moment <= timezone.now():
            self.add_error(name, str(PASSED))
            return None
        self.remarks += [understood.remark] if understood.remark else []
        return understood.moment

    def _refuse_disorder(self) -> None:
        start, end = (self.cleaned_data.get(name) for name in DATES)
        if start and end and end <= start and self.dates_changed():
            self.add_error("expires_at", _("The page would expire before it is deployed."))


class ScheduleForm(forms.Form):
    """When a page is to go online by itself."""

    at = WallClockField(label=gettext_lazy("Publish at"))

    def __init__(self, page: LandingPage, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"at": wall_clock(page.deploys_at, page.zone) if page.deploys_at else None})
        super().__init__(*args, **kwargs)
        self.page, self.remark = page, ""
        self.fields["at"].help_text = _("On the clock of the page: %(zone)s. Its time zone is one of its properties.") % {
            "zone": page.zone.key
        }

    def clean_at(self) -> datetime:
        try:
            understood = understand(self.cleaned_data["at"], self.page.zone)
        except NoSuchTime as skipped:
            raise forms.ValidationError(str(skipped)) from skipped
        if understood.moment <= timezone.now():
            raise forms.ValidationError(_("This moment has passed: publish now, or choose a later one."))
        self.remark = understood.remark
        return understood.moment
