"""Files that were uploaded for an import, and their refused rows: they name people until they are deleted."""

import mmap
import re
import unicodedata
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles import importjobs
from profiles.channels import Channel
from profiles.holders import Holder, Person, Row
from profiles.models import ImportJob, ProfileAlias

NATIONAL = 9  # the last digits of a number, which every way of writing it has
BETWEEN = rb"[^0-9\r\n]{0,3}"  # spaces, dots and brackets between two digits


class ImportFileHolder(Holder):
    """A file that names her, in whatever way that is written, goes as a whole.

    One that is being imported is needed to its end: rows of hers are left out (profiles.erased_keys), and then it goes.
    """

    key = "import_files"
    label = gettext_lazy("Uploaded files that name her")
    models = (ImportJob,)
    on_erasure = gettext_lazy(
        "deleted as a whole, one that is being imported at its end and without her; that there was an import stays"
    )

    def count(self, person: Person) -> int:
        return len(_naming(person))

    def export(self, person: Person) -> list[Row]:
        jobs = [job for job, _is_told in _naming(person)]
        return [{_("File"): job.file_name, _("Uploaded"): job.created_at, _("By"): job.created_by} for job in jobs]

    def erase(self, person: Person) -> int:
        """The files after the commit: what is deleted from the disk does not come back when a transaction fails."""
        found = _naming(person)
        for job, is_told in found:
            changes = {"file_name": f"#{job.pk}", "header": [], "why": ""} if is_told else {}
            ImportJob.objects.filter(pk=job.pk).update(names_erased=True, **changes)
            transaction.on_commit(partial(importjobs.delete_files, job))
        return len(found)


def _naming(person: Person) -> list[tuple[ImportJob, bool]]:
    """The imports with a file that names her; and whether the row itself does, by the file's name or a first line that was
    no header."""
    anywhere, found = _anywhere(person), []
    for job in ImportJob.objects.order_by("pk"):
        pattern = re.compile(b"|".join(anywhere + _as_a_cell(person.profile.external_id, job)), re.IGNORECASE)
        is_told = pattern.search("\n".join([job.file_name, job.why, *job.header]).encode()) is not None
        paths = [] if job.files_deleted_at else importjobs.paths(job)
        if is_told or any(_has(path, pattern, job.encoding) for path in paths):
            found.append((job, is_told))
    return found


def _anywhere(person: Person) -> list[bytes]:
    """Patterns of her addresses and Heed IDs."""
    emails = [re.escape(text) for address in person.on(Channel.EMAIL) for text in _spellings(address)]
    numbers = [BETWEEN.join(bytes([digit]) for digit in address.encode()[-NATIONAL:]) for address in person.on(Channel.SMS)]
    former = ProfileAlias.objects.filter(winner=person.profile).values_list("former_public_id", flat=True)
    return emails + numbers + [str(public_id).encode() for public_id in (person.profile.public_id, *former)]


def _as_a_cell(external_id: str, job: ImportJob) -> list[bytes]:
    """Patterns of an external ID, which may be a short number: as a whole cell, of a file that has such IDs."""
    if not external_id or "external_id" not in job.fields:
        return []
    edge = rb"[^\s'\"" + re.escape(job.delimiter.encode()) + rb"]"
    return [rb"(?-i:(?<!%b)%b(?!%b))" % (edge, re.escape(text), edge) for text in sorted(_encoded(external_id))]


def _spellings(address: str) -> list[bytes]:
    """The bytes that may stand for an address; letters from A to Z are compared without their case anyway."""
    local, _at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode().decode("idna")
    texts = {address, f"{local}@{domain}"}
    texts |= {text.upper() for text in texts}
    texts |= {unicodedata.normalize("NFD", text) for text in texts}
    return sorted({spelling for text in texts for spelling in _encoded(text)})


def _encoded(text: str) -> set[bytes]:
    found = {text.encode()}
    with suppress(UnicodeEncodeError):  # a part of an address could be anybody's
        found.add(text.encode("cp1252"))
    return found


def _has(path: Path, pattern: re.Pattern[bytes], encoding: str) -> bool:
    """Without reading the file into memory. One whose letters take several bytes is not searched: it goes."""
    if not path.exists() or not path.stat().st_size:
        return False
    if encoding.lower().startswith(("utf-16", "utf-32")) and path.suffix == ".csv":
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return pattern.search(content) is not None
