"""Read a CSV file record by record in constant memory; every fault names its physical line."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 1_000_000  # characters; a longer one is no table of profiles, and would fill the memory
QUOTED = re.compile(r'"[^"]*"')
UNDECODABLE = re.compile("[\udc80-\udcff]")


class ImportRejected(ValueError):
    """The file as a whole cannot be imported; the message says why. Nothing was written."""


@dataclass(frozen=True)
class Record:
    """The cells of one record and the physical line, from 1, on which it starts; `fault` where it is no CSV."""

    line: int
    cells: list[str]
    fault: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


class _Lines:
    """The lines of a text file with their ends as they are; remembers the last one."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.number = 0
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        while line := self.file.readline(LONGEST_LINE):
            self.number += 1
            self.last = line
            if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
                raise ImportRejected(_("Line %(line)s is longer than a million characters.") % {"line": self.number})
            if not line.isascii() and UNDECODABLE.search(line):
                raise ImportRejected(
                    _("Line %(line)s is not UTF-8. Save the file as UTF-8 and import it again.") % {"line": self.number}
                )
            yield line


def detect_delimiter(path: Path) -> str:
    """The separator that gives the header line most columns: comma, semicolon or tab; a comma for a single column."""
    with _open(path) as file:
        header = next((line for line in _Lines(file) if line.strip()), "")
    return max(DELIMITERS, key=QUOTED.sub("", header).count)


def records(path: Path, delimiter: str) -> Iterator[Record]:
    """The records of the file, its header first; lines without any text are left out.

    Raises ImportRejected for a byte that is not UTF-8, for a line too long to read, and for a quotation mark that
    swallows the lines after it.
    """
    with _open(path) as file:
        lines = _Lines(file)
        reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
        while True:
            start = lines.number + 1
            try:
                record = Record(start, next(reader))
            except StopIteration:
                return
            except csv.Error as error:
                if lines.number > start:
                    raise ImportRejected(
                        _("Line %(line)s opens a quotation mark that is not closed as it should be.") % {"line": start}
                    ) from error
                record = Record(start, [lines.last.rstrip("\r\n")], _("This line is not CSV: a quotation mark is misplaced."))
            if not record.is_empty:
                yield record


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
