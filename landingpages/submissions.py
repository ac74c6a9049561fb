"""What was sent by a page: filtered, in pages of a fixed cost, and what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.blocks import COLUMNS
from landingpages.models import LandingPage, PublishedVersion, Submission, SubmissionStatus
from landingpages.recording import FRESH_LINK_FOR
from profiles import aliases, customfields, publicpages
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.customforms import day_input
from profiles.models import ConsentEvent, CustomField, Profile, Scope
from profiles.values import custom_name

PER_PAGE = 50


class Filters(forms.Form):
    """Which submissions; a choice that is not offered finds nothing and is told at its field."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    version = forms.TypedChoiceField(label=gettext_lazy("Version"), required=False, coerce=int, empty_value=None)
    since = forms.DateField(label=gettext_lazy("From day"), required=False, widget=day_input())
    until = forms.DateField(label=gettext_lazy("To day"), required=False, widget=day_input())

    def __init__(self, page: LandingPage, data: Any) -> None:
        super().__init__(data)
        self.page = page
        everything = [("", _("All"))]
        self.fields["status"].choices = [*everything, *SubmissionStatus.choices]  # type: ignore[attr-defined]
        numbers = PublishedVersion.objects.filter(page=page).values_list("pk", "number")
        self.fields["version"].choices = [*everything, *numbers]  # type: ignore[attr-defined]

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))

    def rows(self) -> QuerySet[Submission]:
        """The submissions that are meant, newest first; none where a filter is not valid."""
        rows = Submission.objects.filter(page=self.page).order_by("-received_at", "-pk")
        if not self.is_valid():
            return rows.none()
        chosen = self.cleaned_data
        if chosen["status"]:
            rows = rows.filter(status=chosen["status"])
        if chosen["version"]:
            rows = rows.filter(version=chosen["version"])
        if chosen["since"]:
            rows = rows.filter(received_at__gte=start_of(chosen["since"]))
        if chosen["until"]:
            rows = rows.filter(received_at__lt=start_of(chosen["until"] + timedelta(days=1)))
        return rows


def start_of(day: date) -> datetime:
    """The first moment of a day of the installation's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True)
class Stretch:
    """A page of the list, and where the next one goes on; "" where nothing does."""

    rows: list[Submission]
    older: str


def stretch(rows: QuerySet[Submission], place: str, number: int = PER_PAGE) -> Stretch:
    """The rows after a place: the index finds the first of them, however far down, and nothing is counted."""
    found = list(_after(rows, place)[: number + 1].select_related("version").defer("version__content"))
    shown = found[:number]
    return Stretch(shown, _place(shown[-1]) if len(found) > number else "")


def in_order(rows: QuerySet[Submission], number: int) -> Iterable[Submission]:
    """All of them in constant memory, in stretches: no transaction and no cursor is held meanwhile."""
    place = ""
    while True:
        part = stretch(rows, place, number)
        yield from part.rows
        if not part.older:
            return
        place = part.older


def _place(row: Submission) -> str:
    micro = int((row.received_at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    return f"{micro}_{row.pk}"


def _after(rows: QuerySet[Submission], place: str) -> QuerySet[Submission]:
    micro, _underscore, pk = place.partition("_")
    if not (micro.isdecimal() and pk.isdecimal() and len(micro) < 17 and len(pk) < 19):
        return rows
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micro))
    return rows.filter(Q(received_at__lt=moment) | Q(received_at=moment, pk__lt=int(pk)), received_at__lte=moment)


@dataclass(frozen=True)
class Line:
    """A submission with whom it is about and what it changed at once."""

    row: Submission
    profile: Profile | None
    masked: str
    changes: list[str]


def lines(rows: list[Submission]) -> list[Line]:
    """The rows of a stretch, in a constant number of queries."""
    profiles = aliases.in_bulk([row.profile_id for row in rows if row.profile_id])
    said = _ledger(rows)
    labels = field_labels()
    return [
        Line(
            row, profiles.get(row.profile_id or 0), masked(row.data), [*said.get(str(row.request_id), []), *_fields(row, labels)]
        )
        for row in rows
    ]


def masked(data: Any) -> str:
    """The address that was typed, so far as it may be shown to everybody who sees the list."""
    typed = data if isinstance(data, dict) else {}
    address = str(typed.get("email") or typed.get(FRESH_LINK_FOR) or "")
    return publicpages.masked(address) or publicpages.masked_mobile(str(typed.get("mobile") or ""))


def events(rows: list[Submission]) -> QuerySet[ConsentEvent]:
    """What the ledger says of these submissions."""
    ids = {row.profile_id for row in rows if row.profile_id}
    requests = [str(row.request_id) for row in rows if row.profile_id]
    return ConsentEvent.objects.filter(profile__in=ids, request_id__in=requests).order_by("pk")


def _ledger(rows: list[Submission]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for event in events(rows):
        said.setdefault(event.request_id, []).append(in_words(event))
    return said


def in_words(event: ConsentEvent) -> str:
    """ "No longer contact (by email): yes", or what became of a subscription."""
    if event.scope == Scope.SERVICE:
        words = _("End of the subscription to “%(service)s”") if event.after else _("Subscription to “%(service)s”")
        return words % {"service": event.service_label}
    words = _("%(box)s: yes") if event.after else _("%(box)s: no longer")
    return words % {"box": OPT_OUT_LABELS[event.scope]}


def _fields(row: Submission, labels: dict[str, str]) -> list[str]:
    return [labels.get(name, name) for name in row.changed]


def plain_fields() -> list[str]:
    """The columns of a profile that a page may fill, but the boxes."""
    return list(COLUMNS)


def field_labels() -> dict[str, str]:
    """The name of what a submission may hold -> what operators call it."""
    own = {field.name: str(capfirst(field.verbose_name)) for field in Profile._meta.fields}
    boxes = {name: str(OPT_OUT_LABELS[scope]) for scope, name in OPT_OUT_FIELDS.items()}
    return own | boxes | {custom_name(one.key): one.label for one in _customs()} | {FRESH_LINK_FOR: _("Link asked for")}


def _customs() -> list[CustomField]:
    return list(customfields.definitions())
