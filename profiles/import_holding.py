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
from profiles.models import RUNNING, ImportJob

NATIONAL = 9  # the last digits of a number, which every way of writing it has
BETWEEN = rb"[^0-9\r\n]{0,3}"  # spaces, dots and brackets between two digits


class ImportFileHolder(Holder):
    """A file with one of her addresses, in whatever way it is written, goes as a whole; one that is being read stays."""

    key = "import_files"
    label = gettext_lazy("Uploaded files with an address of hers")
    models = (ImportJob,)
    on_erasure = gettext_lazy("deleted as a whole; that there was an import stays")

    def count(self, person: Person) -> int:
        return len(_naming(person))

    def export(self, person: Person) -> list[Row]:
        return [{_("File"): job.file_name, _("Uploaded"): job.created_at, _("By"): job.created_by} for job in _naming(person)]

    def erase(self, person: Person) -> int:
        """After the commit: what is deleted from the disk does not come back when a transaction fails."""
        jobs = _naming(person)
        for job in jobs:
            transaction.on_commit(partial(importjobs.delete_files, job))
        return len(jobs)


def _naming(person: Person) -> list[ImportJob]:
    pattern = _pattern(person)
    jobs = ImportJob.objects.filter(files_deleted_at=None).exclude(status__in=RUNNING).order_by("pk")
    return [job for job in jobs if any(_has(path, pattern, job.encoding) for path in importjobs.paths(job))] if pattern else []


def _pattern(person: Person) -> re.Pattern[bytes] | None:
    emails = [re.escape(text) for address in person.on(Channel.EMAIL) for text in _spellings(address)]
    numbers = [BETWEEN.join(bytes([digit]) for digit in address.encode()[-NATIONAL:]) for address in person.on(Channel.SMS)]
    found = emails + numbers
    return re.compile(b"|".join(found), re.IGNORECASE) if found else None


def _spellings(address: str) -> list[bytes]:
    """The bytes that may stand for an address; letters from A to Z are compared without their case anyway."""
    local, _at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode().decode("idna")
    texts = {address, f"{local}@{domain}"}
    texts |= {text.upper() for text in texts}
    texts |= {unicodedata.normalize("NFD", text) for text in texts}
    found = {text.encode() for text in texts}
    for text in texts:
        with suppress(UnicodeEncodeError):  # a part of an address could be anybody's
            found.add(text.encode("cp1252"))
    return sorted(found)


def _has(path: Path, pattern: re.Pattern[bytes], encoding: str) -> bool:
    """Without reading the file into memory. One whose letters take several bytes is not searched: it goes."""
    if not path.exists() or not path.stat().st_size:
        return False
    if encoding.lower().startswith(("utf-16", "utf-32")) and path.suffix == ".csv":
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return pattern.search(content) is not None
