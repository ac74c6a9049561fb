"""Frozen lists from files: whoever is found by an address or an ID of the file; the lines that nobody has are told."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles import erasure
from profiles.actors import actor
from profiles.channels import Channel, InvalidAddress
from profiles.csvfiles import DELIMITERS, QUOTED, UTF_16_MARKS, ImportRejected, Record, delimiter_of, records_of
from profiles.fields import fold
from profiles.models import AudienceKind, AudienceMember, Profile, SavedAudience
from profiles.pasting import LINE_END, MOST_LINES

CHUNK = 500  # entries that one statement looks for
MEMBERS = 5000  # rows of one INSERT
SHOWN = 20  # lines that nobody has
SEPARATOR = re.compile(f"[{''.join(DELIMITERS)}]")
AROUND = " \"'\xa0"  # may stand around an address or an ID, and belongs to neither
COLUMNS = {
    "email",
    "e-mail",
    "mail",
    "courriel",
    "address",
    "adresse",
    "mobile",
    "id",
    "external id",
    "external_id",
    "identifiant",
}


class UnreadableFile(ValueError):
    """Nothing was stored; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One line of the file: the column of the profile that it names, and its value there."""

    line: int
    text: str
    column: str
    value: str


@dataclass(frozen=True)
class Listed:
    """What became of a file; `audience` is None where it names nobody. `missing` are the first lines that nobody has."""

    audience: SavedAudience | None
    lines: int
    people: int
    missed: int
    missing: list[Entry]


def freeze(data: bytes, *, label: str, by: AbstractUser | str) -> Listed:
    """A list of everybody who has one of the addresses or IDs. UnreadableFile for what is no text, or too long."""
    entries = list(_entries(_text(data)))
    found, had = _find(entries)
    missing = [entry for entry in entries if (entry.column, entry.value) not in had]
    audience = _store(sorted(found), label=label, by=by) if found else None
    return Listed(audience, len(entries), len(found), len(missing), missing[:SHOWN])


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-16" if data[:2] in UTF_16_MARKS else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(_("The file is no text in UTF-8: save it as CSV UTF-8.")) from error
    if "\0" in text:
        raise UnreadableFile(_("The file is no text in UTF-8: save it as CSV UTF-8."))
    return text


def _entries(text: str) -> Iterator[Entry]:
    """The first cell of each record, or that of the column whose header says that it has addresses or IDs."""
    column = None
    for number, record in enumerate(_records(text)):
        cells = [cell.strip(AROUND) for cell in record.cells]
        if number == 0:
            column = next((place for place, name in enumerate(cells) if fold(name) in COLUMNS), None)
        if record.fault:
            yield Entry(record.line, record.cells[0], "", "")
        elif (number or column is None) and (cell := "".join(cells[column or 0 :][:1])):
            yield _entry(record.line, cell)


def _records(text: str) -> Iterator[Record]:
    """Those that say something. UnreadableFile for too many lines, and a quotation mark that swallows the lines after it."""
    lines = LINE_END.split(text.rstrip())
    if len(lines) > MOST_LINES:
        raise UnreadableFile(_("A list may have %(lines)s lines: split the file.") % {"lines": MOST_LINES})
    several = next((line for line in lines if SEPARATOR.search(QUOTED.sub("", line))), "")
    try:
        for record in records_of(StringIO(text, newline=""), delimiter_of(several)):
            if any(cell.strip(AROUND) for cell in record.cells):
                yield record
    except ImportRejected as error:
        raise UnreadableFile(str(error)) from error


def _entry(line: int, text: str) -> Entry:
    for channel, mark in ((Channel.EMAIL, "@"), (Channel.SMS, "+")):
        if mark in text:
            try:
                return Entry(line, text, channel.address_field, channel.normalise(text))
            except InvalidAddress:
                return Entry(line, text, "", "")
    try:
        return Entry(line, text, "public_id", str(uuid.UUID(text)))
    except ValueError:
        return Entry(line, text, "external_id", text)


def _find(entries: list[Entry]) -> tuple[set[int], set[tuple[str, str]]]:
    """The profiles that are meant, and (column, value) of the entries that somebody has."""
    found: set[int] = set()
    had: set[tuple[str, str]] = set()
    for column in ("email", "mobile", "public_id", "external_id"):
        values = {entry.value for entry in entries if entry.column == column}
        for chunk in _chunks(sorted(values), CHUNK):
            for pk, value in Profile.objects.filter(Q((f"{column}__in", chunk))).order_by().values_list("pk", column):
                found.add(pk)
                had.add((column, str(value)))
    return found, had


def _store(people: list[int], *, label: str, by: AbstractUser | str) -> SavedAudience:
    """A list of these; its tree names the list itself, because no query made it."""
    with transaction.atomic():
        erasure.share_the_profiles()
        named = {"label": label[:128], "kind": AudienceKind.LIST, "created_by": actor(by), "modified_by": actor(by)}
        audience = SavedAudience.objects.create(**named)
        for chunk in _chunks(people, MEMBERS):
            there = Profile.objects.filter(pk__in=chunk).values_list("pk", flat=True)
            AudienceMember.objects.bulk_create([AudienceMember(audience=audience, profile_id=pk) for pk in there])
        audience.tree = {"field": "audience", "operator": "in", "value": audience.pk}
        audience.size, audience.counted_at = audience.members.count(), timezone.now()
        audience.save(update_fields=["tree", "size", "counted_at"])
    return audience


def _chunks(rows: list[Any], size: int) -> Iterator[list[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
