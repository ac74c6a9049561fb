"""Import profiles from a CSV file. Consent only becomes tighter: an import ticks boxes and never clears one.

A file is read twice: once to its end, to know that it can be read and how many rows it has, and once to import it, in
batches of one transaction each. What a row means is in profiles.matching, what is written in profiles.storing.
"""

import csv
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles import bulkrows, erased_keys
from profiles.consent import Evidence
from profiles.csvfiles import ImportRejected
from profiles.matching import Change, Counts, Layout
from profiles.reading import Piece, Plan, collector_resting, plan
from profiles.reading_ahead import LEAST_BYTES, Ahead
from profiles.rows import Reject, Row
from profiles.storing import Rehearsal, Storage

__all__ = ["ImportRejected", "ImportResult", "Plan", "import_file", "plan", "run"]

Pieces = Ahead | Generator[Piece, None, None]
LOCK_IS_LOOKED_AT = 0.1  # seconds between two looks of SQLite's busy handler
BATCH_ROWS = 10_000  # rows of one transaction: about a third of a second, in which others may have to wait


@dataclass
class Batch:
    """What became of some rows; with the refused ones and the changes, in the order of the file."""

    counts: Counts
    rejects: list[Reject]
    changes: list[tuple[int, Change]]  # with the line of the row


@dataclass
class ImportResult(Counts):
    """What became of the file: created + updated + unchanged + rejected = its rows."""

    unmapped: list[str] = field(default_factory=list)  # headers that are no field of a profile
    rejects: Path | None = None  # where the rejected rows are; None where there is none


def start_reading(plan: Plan, skip: int = 0) -> Pieces:
    """The pieces behind `skip` rows; of a long file they are read by another process, which starts now."""
    is_long = plan.path.stat().st_size >= LEAST_BYTES
    return Ahead(plan, skip, BATCH_ROWS) if is_long else plan.pieces(skip, BATCH_ROWS)


def run(
    plan: Plan,
    *,
    by: AbstractUser | str,
    detail: str,
    since: datetime,
    skip: int = 0,
    pieces: Pieces | None = None,
    rehearse: bool = False,
    record: Callable[[Batch], object] = lambda batch: None,
) -> Iterator[Batch]:
    """Import batch after batch, each when the next piece is asked for; `skip` rows of the file are done already,
    or those in front of `pieces`, which are closed at the end.

    The file is from `since`: rows of whoever was erased later are left out.

    `record` is called inside of the transaction of each batch, once at its start without rows (whoever wants to
    stop raises there, before anything is written) and once at its end. With `rehearse` nothing is written.
    """
    layout, evidence = Layout(plan.fields.values()), Evidence(detail=detail[:200])
    storage = (Rehearsal if rehearse else Storage)(layout, by=by, evidence=evidence)
    pieces = pieces or start_reading(plan, skip)
    with closing(pieces):
        written_at = 0.0
        for rows, rejects in pieces:
            _let_others_write(written_at)
            with collector_resting(), nullcontext() if rehearse else transaction.atomic():
                if not rehearse:
                    bulkrows.commit_lazily()
                storage.take_turn()
                record(Batch(Counts(), [], []))
                rows, left_out = erased_keys.leave_out(rows, layout, since=since)
                rejects = sorted([*rejects, *left_out], key=lambda one: one.record.line) if left_out else rejects
                batch = _write(rows, rejects, storage)
                record(batch)
            written_at = time.monotonic()
            yield batch
    bulkrows.make_durable()


def _let_others_write(since: float) -> None:
    """On SQLite a moment between two transactions; mostly the reading of the next piece took longer.

    Who waits for the write lock looks again every tenth of a second: a shorter pause would be missed several times.
    """
    if connection.vendor == "sqlite" and settings.PAUSE_SECONDS:
        time.sleep(max(0.0, LOCK_IS_LOOKED_AT - (time.monotonic() - since)))


def _write(rows: list[Row], rejects: list[Reject], storage: Storage) -> Batch:
    counts = Counts(rejected=len(rejects))
    known = storage.known(rows)
    changes = [(line, known.take(values)) for line, values in rows]
    counts.created = sum(change.created for _line, change in changes)
    counts.updated = sum(bool(change.fields) for _line, change in changes)
    counts.unchanged = len(rows) - counts.created - counts.updated
    counts.lifts_ignored = sum(change.lifts_ignored for _line, change in changes)
    counts.tightened = storage.store(known)
    return Batch(counts, rejects, changes)


def import_file(
    path: Path,
    *,
    by: AbstractUser | str,
    mapping: Mapping[str, str] | None = None,
    fields: Mapping[int, str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    rejects: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Create and update profiles from a CSV file, in batches of one transaction each.

    Whom a row belongs to is said in profiles.matching. Empty cells erase nothing. Rows that cannot be read go to
    `rejects` (default: the file's name with .rejects.csv) as they were, with line, column, value and why. `progress`
    is told the rows done and their total after each batch. A crash leaves whole batches, and importing the file again
    does no harm.

    Raises ImportRejected, before anything is written, for a file that cannot be read to its end or lacks an address.
    """
    path, since = Path(path), timezone.now()
    rejects = rejects or path.with_suffix(".rejects.csv")
    if rejects.resolve() == path.resolve():
        raise ImportRejected(_("The rejected rows cannot go into the file that is imported."))
    planned = plan(path, mapping=mapping, fields=fields, delimiter=delimiter, encoding=encoding)
    result = ImportResult(unmapped=planned.unmapped)
    with closing(start_reading(planned)) as pieces:
        total = planned.count()  # while the other process starts
        with RejectsFile(rejects, planned) as file:
            for batch in run(planned, by=by, detail=path.name, since=since, pieces=pieces):
                file.write(batch.rejects)
                result.add(batch.counts)
                if progress:
                    progress(result.rows, total)
    if result.rejected:
        return replace(result, rejects=rejects)
    rejects.unlink()
    return result


class RejectsFile:
    """The refused rows: their cells as they were, so that the file can be corrected and imported.

    With `size` a file that was begun goes on there: what stands behind belongs to a batch that was not finished.
    """

    def __init__(self, path: Path, plan: Plan, *, size: int = 0) -> None:
        self.plan = plan
        self.file = path.open("r+" if size else "w", encoding="utf-8" if size else "utf-8-sig", newline="")
        self.writer = csv.writer(self.file, delimiter=plan.delimiter)
        if size:
            self.file.seek(size)
            self.file.truncate()
        else:
            self.writer.writerow(["line", "column", "value", "why", *plan.header])

    def write(self, rejects: list[Reject]) -> int:
        """Append; the size of the file afterwards, in bytes."""
        for one in rejects:
            self.writer.writerow([one.record.line, one.column, one.value, one.why, *one.record.cells])
        self.file.flush()
        return self.file.tell()

    def __enter__(self) -> "RejectsFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
