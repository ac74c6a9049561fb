"""Subscribe everybody who has an address of a list, or unsubscribe them."""

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from profiles import pasting, subscriptions
from profiles.channels import Channel
from profiles.consent import Evidence
from profiles.fields import fold
from profiles.models import Profile, ProfileQuerySet, Service, Source
from profiles.pasting import BadLine, PastedList
from profiles.subscriptions import By, ServiceClosed

CHUNK = 1000  # addresses of one transaction
DELIMITERS = ",;\t"
HEADERS = {"email", "e-mail", "mail", "email address", "e-mail address", "courriel", "adresse e-mail", "adresse email"}


@dataclass(frozen=True)
class ListResult:
    """What was done, or with dry=True what would be: different addresses, of them those that somebody has, the profiles
    that are meant, and of these the ones that change."""

    addresses: int
    found: int
    profiles: int
    changed: int
    bad_lines: list[BadLine]

    @property
    def not_found(self) -> int:
        return self.addresses - self.found


def read(text: str) -> PastedList:
    """The email addresses of a text, or of the column "email" of a CSV; the lines of bad entries are those of the text.

    Raises ListTooLong.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    found = _email_column(lines[0]) if lines else None
    if found is None:
        return pasting.read(text, Channel.EMAIL)
    return pasting.read("\n".join(["", *(_cell(line, *found) for line in lines[1:])]), Channel.EMAIL)


def _cell(line: str, position: int, delimiter: str) -> str:
    """The cell of the column; the whole line where it has none, so that it is told and not lost.

    Line by line: a quotation mark that is never closed would otherwise swallow the rest of the file.
    """
    try:
        return next(csv.reader([line], delimiter=delimiter), [])[position]
    except (csv.Error, IndexError):
        return line


def _email_column(header: str) -> tuple[int, str] | None:
    """Position and delimiter of the column whose header says that it has email addresses; None where the first line is
    no header."""
    for delimiter in DELIMITERS:
        names = [fold(name).strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        for position, name in enumerate(names):
            if name in HEADERS:
                return position, delimiter
    return None


def subscribe_listed(text: str, service: Service, *, by: By, note: str = "", dry: bool = False) -> ListResult:
    """Subscribe the oldest profile of each address (design decision 10); nobody is sent a confirmation (reference 4.2.4).

    Source import, `note` names the list in the ledger. In transactions of 1,000 addresses; doing it again changes
    nothing more. With dry=True nothing is written. Raises ListTooLong, ServiceClosed.
    """
    if not service.takes_subscriptions():
        raise ServiceClosed(service)
    pasted = read(text)
    evidence, found, having, changed = _evidence(note), 0, 0, 0
    for profiles in _chunks(pasted.addresses):
        older = Profile.objects.filter(email=OuterRef("email"), pk__lt=OuterRef("pk"))
        oldest = profiles.exclude(Exists(older))
        number = oldest.count()
        found, having = found + number, having + number
        if dry:
            changed += number - subscriptions.subscribers(oldest, service).count()
            continue
        changed += subscriptions.subscribe_set(oldest, service, source=Source.IMPORT, by=by, evidence=evidence)
        time.sleep(settings.PAUSE_SECONDS)
    return ListResult(len(pasted.addresses), found, having, changed, pasted.bad_lines)


def unsubscribe_listed(text: str, service: Service, *, by: By, note: str = "", dry: bool = False) -> ListResult:
    """Unsubscribe every profile that has one of the addresses; otherwise like subscribe_listed."""
    pasted = read(text)
    evidence, found, having, changed = _evidence(note), 0, 0, 0
    for profiles in _chunks(pasted.addresses):
        having += profiles.count()
        found += profiles.values("email").distinct().count()
        if dry:
            changed += subscriptions.subscribers(profiles, service).count()
            continue
        changed += subscriptions.unsubscribe_set(profiles, service, source=Source.IMPORT, by=by, evidence=evidence)
        time.sleep(settings.PAUSE_SECONDS)
    return ListResult(len(pasted.addresses), found, having, changed, pasted.bad_lines)


def _evidence(note: str) -> Evidence:
    return Evidence(detail=(note or _("pasted list"))[:200])


def _chunks(addresses: list[str]) -> Iterator[ProfileQuerySet]:
    rest = iter(addresses)
    while chunk := list(islice(rest, CHUNK)):
        yield Profile.objects.filter(email__in=chunk).order_by()
