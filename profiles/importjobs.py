"""Imports of the back office: one verb per arrow of their state machine (profiles.models.imports), and what the worker does.

The check reads the whole file and counts what would happen; it writes nothing, and starts again where it was cut off.
The import writes its counts in the transaction of each batch: a worker that is killed loses at most the batch in hand,
the next one goes on behind the rows that are in, and a cancelled import says exactly what is in.
"""

import codecs
import json
import secrets
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from profiles import columns, csvfiles, customfields, erased_keys, importing, previewing
from profiles.actors import actor
from profiles.importing import Batch, Plan, RejectsFile
from profiles.matching import Counts
from profiles.models import ENDED, IMPORT_SOURCES, RUNNING, ImportJob, ImportStatus
from profiles.reading_ahead import ReaderLost

LOOKED_AT = 16 * 2**20  # bytes at the start of a file by which its encoding is guessed
COUNTS = tuple(Counts.__dataclass_fields__)
DONE = object()  # what no step of an import yields
NOTHING = {**dict.fromkeys(COUNTS, 0), "rejects_size": 0}


class InvalidTransition(Exception):
    """Somebody else was faster, or the step is not possible in this state; the message is for the operator."""


class Interrupted(Exception):
    """The import was cancelled, or another worker took it over: nothing more is written."""


def upload(file: UploadedFile, *, by: AbstractUser) -> ImportJob:
    """Keep a file under a random name, with what its columns seem to be. Raises ImportRejected for what is no table."""
    key, now = secrets.token_hex(16), timezone.now()
    job = ImportJob(
        created_at=now, key=key, file_name=Path(file.name or "").name[:200], size=file.size or 0, created_by=actor(by)
    )
    job.created_by_id = by.pk
    path = table(job)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with path.open("xb") as stored:
            shutil.copyfileobj(file, stored)
        path.chmod(0o600)
        job.encoding = guess_encoding(path)
        job.delimiter = csvfiles.detect_delimiter(path, job.encoding)
        job.header = csvfiles.header(path, job.delimiter, job.encoding)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    job.fields = columns.guess(job.header, customfields.definitions())
    job.save()
    return job


def guess_encoding(path: Path) -> str:
    """By its mark, or by its first bytes: what is no UTF-8 was most likely saved by a spreadsheet, as Windows-1252."""
    if csvfiles.detect_encoding(path) == "utf-16":
        return "utf-16"
    decoder, left = codecs.getincrementaldecoder("utf-8")(), LOOKED_AT
    with path.open("rb") as file:
        try:
            while left > 0 and (block := file.read(2**20)):
                decoder.decode(block)
                left -= len(block)
        except UnicodeDecodeError:
            return "windows-1252"
    return "utf-8"


def reread(job: ImportJob, *, encoding: str, delimiter: str) -> None:
    """Read the header anew, in another encoding or with another separator. Raises ImportRejected, with nothing changed."""
    header = csvfiles.header(table(job), delimiter, encoding)
    fields = columns.guess(header, customfields.definitions())
    _move(job, ImportStatus.UPLOADED, encoding=encoding, delimiter=delimiter, header=header, fields=fields)


def check(job: ImportJob, fields: list[str]) -> None:
    """Ask the worker to count what would happen. Raises ImportRejected for a mapping that cannot be meant."""
    columns.check({position: field for position, field in enumerate(fields) if field}, job.header)
    language = translation.get_language() or ""
    _move(job, ImportStatus.CHECKING, fields=fields, expected={}, total=0, language=language, **NOTHING)


def start(job: ImportJob, *, by: AbstractUser) -> None:
    """Ask the worker to import the file as it was checked."""
    _move(job, ImportStatus.IMPORTING, started_by=actor(by), **NOTHING)


def cancel(job: ImportJob) -> None:
    """Give it up; what is in stays in, and the counts say what that is."""
    _move(job, ImportStatus.CANCELLED, lease_until=None, ended_at=timezone.now())
    _ended(job)


def _move(job: ImportJob, status: ImportStatus, **fields: Any) -> None:
    """The guarded UPDATE behind every arrow; InvalidTransition where the state does not allow it."""
    rows = ImportJob.objects.filter(pk=job.pk, status__in=IMPORT_SOURCES[status], files_deleted_at=None)
    if status != ImportStatus.CANCELLED:
        rows = rows.filter(names_erased=False)
    moved = rows.update(status=status, **fields)
    job.refresh_from_db()
    if not moved:
        raise InvalidTransition(
            _("This is not possible any more: the import is now “%(status)s”.") % {"status": job.get_status_display()}
        )


def claim(worker: str) -> ImportJob | None:
    """A running import that no living worker holds, now held by this one for LEASE_SECONDS."""
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    for pk in ImportJob.objects.filter(free, status__in=RUNNING).order_by("pk").values_list("pk", flat=True)[:5]:
        if ImportJob.objects.filter(free, pk=pk, status__in=RUNNING).update(worker=worker, lease_until=_lease()):
            return ImportJob.objects.get(pk=pk)
    return None


def release(workers: Iterable[str]) -> None:
    """What these workers held is free at once: they ended, or are dead."""
    ImportJob.objects.filter(worker__in=list(workers), status__in=RUNNING).update(lease_until=None)


def _lease() -> Any:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


def run(job: ImportJob) -> Generator[None, None, None]:
    """Do a claimed check or import, batch after batch, each when the next piece is asked for; in the operator's language."""
    with closing(_run(job)) as pieces:
        while True:
            with translation.override(job.language or settings.LANGUAGE_CODE):
                if next(pieces, DONE) is DONE:
                    return
            yield


def _run(job: ImportJob) -> Generator[None, None, None]:
    try:
        plan = _plan(job)
        yield from _check(job, plan) if job.status == ImportStatus.CHECKING else _import(job, plan)
    except Interrupted:
        _ended(job)
    except OperationalError:
        raise  # a database that restarts: the lease ends, and the next worker goes on
    except Exception as error:
        _fail(job, _why(error))
        _ended(job)
        if not isinstance(error, importing.ImportRejected | OSError):
            raise


def _why(error: Exception) -> str:
    """For the operator; what an error of the database or the program says may quote what stands in the file."""
    if isinstance(error, importing.ImportRejected):
        return str(error)
    if isinstance(error, ReaderLost):
        return str(error)
    if isinstance(error, OSError):
        return _("The file cannot be read: %(why)s") % {"why": error.strerror or type(error).__name__}
    return _("An error of the program ended it (%(kind)s); the log says more.") % {"kind": type(error).__name__}


def _ended(job: ImportJob) -> None:
    """What somebody who was erased meanwhile is named in goes now; also what this worker wrote after it was deleted."""
    job.refresh_from_db()
    if job.status in ENDED:
        if job.names_erased or job.files_deleted_at:
            delete_files(job)
        erased_keys.forget()


def _plan(job: ImportJob) -> Plan:
    fields = {position: field for position, field in enumerate(job.fields) if field}
    return importing.plan(table(job), fields=fields, delimiter=job.delimiter, encoding=job.encoding)


def _check(job: ImportJob, plan: Plan) -> Iterator[None]:
    _hold(job, total=plan.count(), **NOTHING)
    yield
    counts, preview = Counts(), previewing.Preview(plan)
    with RejectsFile(rejects(job), plan) as file:
        for batch in importing.run(plan, by=_operator(job), detail=job.file_name, since=job.created_at, rehearse=True):
            counts.add(batch.counts)
            preview.add(batch)
            size = file.write(batch.rejects)
            _hold(job, **vars(counts), rejects_size=size)
            yield
    _preview(job).write_text(json.dumps(preview.as_data()), encoding="utf-8")
    _hold(job, status=ImportStatus.CHECKED, expected=vars(counts), lease_until=None)


def _import(job: ImportJob, plan: Plan) -> Iterator[None]:
    counts = Counts(**{name: getattr(job, name) for name in COUNTS})
    with RejectsFile(rejects(job), plan, size=job.rejects_size) as file:

        def record(batch: Batch) -> None:
            if batch.counts.rows == 0:  # the start of a batch: whoever cancels from here on waits for its end
                _hold(job)
                return
            counts.add(batch.counts)
            found = {"names_erased": True} if any(one.names_erased for one in batch.rejects) else {}
            _hold(job, **vars(counts), rejects_size=file.write(batch.rejects), **found)

        by, name, since = _operator(job), job.file_name, job.created_at
        for _batch in importing.run(plan, by=by, detail=name, since=since, skip=job.done, record=record):
            yield
    _hold(job, status=ImportStatus.FINISHED, ended_at=timezone.now(), lease_until=None)
    _ended(job)


def _hold(job: ImportJob, **fields: Any) -> None:
    """Write where the work stands, and keep the lease; Interrupted where the import is no longer this worker's."""
    rows = ImportJob.objects.filter(pk=job.pk, status=job.status, worker=job.worker)
    if not rows.update(**{"lease_until": _lease()} | fields):
        raise Interrupted


def _fail(job: ImportJob, why: str) -> None:
    rows = ImportJob.objects.filter(pk=job.pk, status=job.status, worker=job.worker)
    rows.update(status=ImportStatus.FAILED, why=why, lease_until=None, ended_at=timezone.now())


def _operator(job: ImportJob) -> AbstractUser | str:
    """In whose name the ledger is written: whoever started the import. By name alone where it was not the one who uploaded
    the file, or where she is gone."""
    name = job.started_by or job.created_by
    found = get_user_model().objects.filter(pk=job.created_by_id or 0).first() if name == job.created_by else None
    return found or name


def table(job: ImportJob) -> Path:
    return Path(settings.FILES) / f"{job.key}.csv"


def rejects(job: ImportJob) -> Path:
    return Path(settings.FILES) / f"{job.key}.rejects.csv"


def _preview(job: ImportJob) -> Path:
    return Path(settings.FILES) / f"{job.key}.preview.json"


def preview(job: ImportJob) -> Mapping[str, Any]:
    """What the check found, as previewing.Preview wrote it; nothing where there was no check or its file is deleted."""
    path = _preview(job)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def clean_up() -> None:
    """Delete the files after IMPORT_FILE_DAYS; who imported what and when stays. What never started is given up.

    Those that name an erased person go at once: here, where the process died between her erasure and that.
    """
    before = timezone.now() - timedelta(days=settings.IMPORT_FILE_DAYS)
    kept = ImportJob.objects.filter(files_deleted_at=None)
    old = kept.filter(created_at__lt=before).exclude(status__in=RUNNING)
    named = kept.filter(names_erased=True).exclude(status=ImportStatus.IMPORTING)
    for job in {*old, *named}:
        delete_files(job)
    erased_keys.forget()


def paths(job: ImportJob) -> list[Path]:
    """Where its files are, or were."""
    return [table(job), rejects(job), _preview(job)]


def delete_files(job: ImportJob) -> None:
    """Delete the files of an import; one that has not written anything yet is given up, one that is writing keeps them."""
    unwritten = (ImportStatus.UPLOADED, ImportStatus.CHECKING, ImportStatus.CHECKED)
    now = timezone.now()
    given_up = {"status": ImportStatus.CANCELLED, "lease_until": None, "ended_at": now}
    ImportJob.objects.filter(pk=job.pk, status__in=unwritten).update(**given_up)
    if not ImportJob.objects.filter(pk=job.pk, status__in=ENDED).exists():
        return
    for path in paths(job):
        path.unlink(missing_ok=True)
    ImportJob.objects.filter(pk=job.pk).update(files_deleted_at=now)
