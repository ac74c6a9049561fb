"""Submissions as CSV: one column for each field that was ever sent by the page's versions, formulas disarmed."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import memberships
from landingpages.forms import bound_blocks
from landingpages.models import LandingPage, PublishedVersion, Submission
from landingpages.recording import FRESH_LINK_FOR
from landingpages.submissions import field_labels, in_order
from profiles.disarming import disarm
from profiles.models import Service

CHUNK_ROWS = 2000  # read and written at once: what an export holds in memory
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for Windows-1252


def columns(page: LandingPage) -> dict[str, str]:
    """The name of what a version of the page may ask -> what the column is called."""
    names: dict[str, None] = {}
    numbers: list[int] = []
    for content in PublishedVersion.objects.filter(page=page).order_by("number").values_list("content", flat=True):
        names |= dict.fromkeys(block["field"] for block in bound_blocks(content))
        numbers += [int(block["service_id"]) for block in memberships.boxes(content)]
    labels = field_labels()
    services = Service.objects.in_bulk(set(numbers))
    about = {memberships.key(number): services[number].label for number in dict.fromkeys(numbers) if number in services}
    return {name: labels.get(name, name) for name in names} | about | {FRESH_LINK_FOR: labels[FRESH_LINK_FOR]}


def lines(page: LandingPage, rows: QuerySet[Submission], *, delimiter: str) -> Iterator[bytes]:
    """The file in pieces, UTF-8 with its mark, newest submission first."""
    asked = columns(page)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    text.write(BYTE_ORDER_MARK)
    writer.writerow([disarm(label) for label in (*_headers(), *asked.values())])
    for number, row in enumerate(in_order(rows, CHUNK_ROWS), start=1):
        writer.writerow([disarm(cell) for cell in _cells(row, asked)])
        if number % CHUNK_ROWS == 0:
            yield _taken(text)
    yield _taken(text)


def _headers() -> list[str]:
    return [
        _("Submission"),
        _("Received"),
        _("Processed"),
        _("Status"),
        _("Kind"),
        _("Version"),
        _("Language"),
        _("Profile"),
        _("Detail"),
        _("Changed"),
    ]


def _cells(row: Submission, asked: dict[str, str]) -> Iterator[str]:
    yield str(row.pk)
    yield timezone.localtime(row.received_at).isoformat(timespec="seconds")
    yield timezone.localtime(row.processed_at).isoformat(timespec="seconds") if row.processed_at else ""
    yield row.status
    yield row.kind
    yield str(row.version.number)
    yield row.language
    yield str(row.profile_id or "")
    yield row.detail
    yield " ".join(row.changed)
    data = row.data if isinstance(row.data, dict) else {}
    yield from (_text(data.get(name)) for name in asked)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return taken
