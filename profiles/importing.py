"""Import profiles from a CSV file. Consent only becomes tighter: an import ticks boxes and never clears one."""

import csv
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from profiles import columns, consent, csvfiles, registering, rows
from profiles.actors import actor
from profiles.channels import OPT_OUT_FIELDS
from profiles.consent import Evidence
from profiles.csvfiles import ImportRejected
from profiles.models import Profile, Source
from profiles.rows import Reject, Row

__all__ = ["ImportRejected", "ImportResult", "import_file"]

BATCH_ROWS = 2000  # rows of one transaction
WRITTEN = ["first_name", "last_name", "email", "mobile", "preferred_language", "street", "postal_code", "city", "country"]
UPDATED = [*WRITTEN, "first_name_folded", "last_name_folded", "modified_at", "modified_by", "revision"]


@dataclass
class ImportResult:
    """What became of the rows: created + updated + unchanged + rejected = rows of the file."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    tightened: int = 0  # boxes that were ticked: as many rows in the ledger
    lifts_ignored: int = 0  # cells that asked for a ticked box to be cleared
    unmapped: list[str] = field(default_factory=list)  # headers that are no field of a profile
    rejects: Path | None = None  # where the rejected rows are; None where there is none


@dataclass(eq=False)
class _Entry:
    """A profile as it will be after the rows read so far. Smaller `age` = older; stored ones have their id."""

    profile: Profile
    age: int
    changed: bool = False
    ticked: set[str] = field(default_factory=set)


def import_file(
    path: Path,
    *,
    by: AbstractUser | str,
    mapping: Mapping[str, str] | None = None,
    delimiter: str | None = None,
    rejects: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Create and update profiles from a CSV file, in batches of one transaction each.

    A row belongs to the oldest profile with its email, or with its mobile where it has no email. Empty cells erase
    nothing. Rows that cannot be read go to `rejects` (default: the file's name with .rejects.csv) as they were, with
    line, column, value and why. `progress` is told the rows done and their total after each batch. A crash leaves
    whole batches, and importing the file again does no harm.

    Raises ImportRejected, before anything is written, for a file that cannot be read to its end or lacks an address.
    """
    path = Path(path)
    rejects = rejects or path.with_suffix(".rejects.csv")
    if rejects.resolve() == path.resolve():
        raise ImportRejected(_("The rejected rows cannot go into the file that is imported."))
    delimiter = delimiter or csvfiles.detect_delimiter(path)
    total = sum(1 for _record in csvfiles.records(path, delimiter)) - 1
    if total < 0:
        raise ImportRejected(_("The file is empty."))
    records = csvfiles.records(path, delimiter)
    header = next(records).cells
    fields = columns.match(header, mapping or {})
    result = ImportResult(unmapped=_unmapped(header, fields))
    evidence = Evidence(detail=path.name[:200])
    with _rejects_file(rejects, header, delimiter) as reject:
        while batch := list(islice(records, BATCH_ROWS)):
            read = list(rows.read(batch, header, fields))
            for rejected in (item for item in read if isinstance(item, Reject)):
                reject(rejected)
                result.rejected += 1
            _write([item for item in read if isinstance(item, Row)], result, by=by, evidence=evidence)
            if progress:
                progress(result.created + result.updated + result.unchanged + result.rejected, total)
            time.sleep(settings.PAUSE_SECONDS)
    if result.rejected:
        result.rejects = rejects
    else:
        rejects.unlink()
    return result


def _unmapped(header: list[str], fields: Mapping[int, str]) -> list[str]:
    return [
        name.strip() or _("column %(number)s") % {"number": position + 1}
        for position, name in enumerate(header)
        if position not in fields
    ]


@contextmanager
def _rejects_file(path: Path, header: list[str], delimiter: str) -> Iterator[Callable[[Reject], object]]:
    """Cells are written as they were, so that the file can be corrected and imported."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["line", "column", "value", "why", *header])
        yield lambda reject: writer.writerow([reject.record.line, reject.column, reject.value, reject.why, *reject.record.cells])


def _write(batch: list[Row], result: ImportResult, *, by: AbstractUser | str, evidence: Evidence) -> None:
    """One batch in one transaction; the result is brought up to date when it is committed."""
    outcome: dict[str, int] = dict.fromkeys(("created", "updated", "unchanged", "tightened", "lifts_ignored"), 0)
    with transaction.atomic():
        registering.take_turn()
        known = _Known(batch)
        for row in batch:
            entry = known.find(row)
            created = entry is None
            entry = entry or known.add(actor(by))
            changed, lifts = _merge(row, entry)
            known.index(entry)
            outcome["created" if created else "updated" if changed else "unchanged"] += 1
            outcome["lifts_ignored"] += lifts
        _store(known.entries, by=by, evidence=evidence)
        outcome["tightened"] = sum(len(entry.ticked) for entry in known.entries)
    for name, number in outcome.items():
        setattr(result, name, getattr(result, name) + number)


class _Known:
    """The profiles that a batch may mean, found as if its rows were imported one by one."""

    def __init__(self, batch: Iterable[Row]) -> None:
        emails = {row.values["email"] for row in batch if "email" in row.values}
        mobiles = {row.values["mobile"] for row in batch if "email" not in row.values}
        stored = Profile.objects.filter(Q(email__in=emails) | Q(mobile__in=mobiles)).order_by("pk").select_for_update(no_key=True)
        self.entries = [_Entry(profile, age=profile.pk) for profile in stored]
        self.by_email: dict[str, _Entry] = {}
        self.by_mobile: dict[str, list[_Entry]] = {}
        for entry in self.entries:
            self.index(entry)

    def find(self, row: Row) -> _Entry | None:
        if "email" in row.values:
            return self.by_email.get(row.values["email"])
        mobile = row.values["mobile"]
        having = (entry for entry in self.by_mobile.get(mobile, ()) if entry.profile.mobile == mobile)
        return min(having, key=lambda entry: entry.age, default=None)

    def add(self, creator: str) -> _Entry:
        youngest = self.entries[-1].age if self.entries else 0
        entry = _Entry(Profile(created_by=creator, modified_by=creator), age=youngest + 1)
        self.entries.append(entry)
        return entry

    def index(self, entry: _Entry) -> None:
        if entry.profile.email:
            self.by_email.setdefault(entry.profile.email, entry)
        if entry.profile.mobile:
            having = self.by_mobile.setdefault(entry.profile.mobile, [])
            if entry not in having:
                having.append(entry)


def _merge(row: Row, entry: _Entry) -> tuple[bool, int]:
    """Put the row into the profile in hand: does it change anything, and how many lifts were ignored?"""
    profile = entry.profile
    values = {name: value for name, value in row.values.items() if getattr(profile, name) != value}
    ticked = profile.choices
    tightened = {scope for scope, asked in row.choices.items() if asked and not ticked[scope]}
    lifts = sum(not asked and ticked[scope] for scope, asked in row.choices.items())
    changes: dict[str, Any] = values | {OPT_OUT_FIELDS[scope]: True for scope in tightened}
    for name, value in changes.items():
        setattr(profile, name, value)
    entry.changed |= bool(values)
    entry.ticked |= tightened
    return bool(changes), lifts


def _store(entries: list[_Entry], *, by: AbstractUser | str, evidence: Evidence) -> None:
    new = [entry.profile for entry in entries if entry.profile.pk is None]
    stored = [entry for entry in entries if entry.profile.pk is not None]
    Profile.objects.bulk_create(new)
    consent.record_new(new, source=Source.IMPORT, by=by, evidence=evidence)

    changed = [entry.profile for entry in stored if entry.changed]
    for profile in changed:
        profile.revision += 1
        profile.modified_by = actor(by)
    # An upsert of rows that are locked: bulk_update would write one CASE per column with a branch per row.
    Profile.objects.bulk_create(changed, update_conflicts=True, unique_fields=["id"], update_fields=UPDATED)
    for scope in OPT_OUT_FIELDS:
        tightened = [entry.profile.pk for entry in stored if scope in entry.ticked]
        if tightened:
            consent.opt_out_set(Profile.objects.filter(pk__in=tightened), scope, source=Source.IMPORT, by=by, evidence=evidence)
