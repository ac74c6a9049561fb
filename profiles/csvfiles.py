"""Read a CSV file record by record in constant memory; every fault names its physical line."""

import codecs
import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from django.utils.translation import gettext as _

DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 1_000_000  # characters; a longer one is no row of a table, and would fill the memory
BLOCK_BYTES = 65_536
KEPT_OF_A_LONG_LINE = 200  # characters
MOST_COLUMNS = 500
QUOTED = re.compile(r'"[^"]*"')
UNDECODABLE = re.compile("[\udc80-\udcff]")
# What a file may be written in: our word -> Python's codec. Windows-1252 is never guessed here: any file would fit.
ENCODINGS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "windows-1252": "cp1252"}
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class ImportRejected(ValueError):
    """The file as a whole cannot be imported; the message says why. Nothing was written."""


class NotInThisEncoding(ImportRejected):
    """The bytes of a line do not fit the encoding that the file is read in."""


class LineTooLong(Exception):
    """A line of more than LONGEST_LINE characters was left out."""


class Record(NamedTuple):
    """The cells of one record and the physical line, from 1, on which it starts; `fault` where it is no CSV."""

    line: int
    cells: list[str]
    fault: str = ""


class _Lines:
    """The lines of a text file with their ends as they are; remembers the last one. Goes on after LineTooLong."""

    def __init__(self, file: TextIO, encoding: str) -> None:
        self.file = file
        self.encoding = encoding
        self.number = 0
        self.last = ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.last = line
        if not line.isascii() and UNDECODABLE.search(line):
            raise self._undecodable()
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            while (rest := self._read()) and not rest.endswith(("\n", "\r")):
                pass
            raise LineTooLong
        return line

    def _read(self) -> str:
        try:
            return self.file.readline(LONGEST_LINE)
        except UnicodeError as error:
            self.number += 1
            raise self._undecodable() from error

    def _undecodable(self) -> NotInThisEncoding:
        names = {"line": self.number, "encoding": self.encoding.upper() if self.encoding != "windows-1252" else "Windows-1252"}
        return NotInThisEncoding(_("Line %(line)s is not %(encoding)s. Save the file as UTF-8 and import it again.") % names)


def detect_encoding(path: Path) -> str:
    """UTF-16 where the file starts with its mark, UTF-8 otherwise."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in UTF_16_MARKS else "utf-8"


def detect_delimiter(path: Path, encoding: str = "utf-8") -> str:
    """The separator that gives the header line most columns: comma, semicolon or tab; a comma for a single column."""
    with _open(path, encoding) as file:
        try:
            header = next((line for line in _Lines(file, encoding) if line.strip()), "")
        except LineTooLong:
            header = ""
    return delimiter_of(header)


def delimiter_of(line: str) -> str:
    """The separator that gives this line most columns."""
    return max(DELIMITERS, key=QUOTED.sub("", line).count)


def _is_plain(path: Path, encoding: str) -> bool:
    """Whether every byte fits the encoding and no line is very long: then the lines need no looking at one by one."""
    if encoding != "utf-8":
        return False
    decoder, since_end = codecs.getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK_BYTES):
                decoder.decode(block)
                last = max(block.rfind(b"\n"), block.rfind(b"\r"))
                since_end = since_end + len(block) if last < 0 else len(block) - last
                if since_end > LONGEST_LINE - BLOCK_BYTES:
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def records(path: Path, delimiter: str, encoding: str = "utf-8") -> Iterator[Record]:
    """The records of the file, its header first; lines without any text are left out.

    A line that is too long or no CSV is a record with a fault. Raises ImportRejected for a byte that is not in the
    encoding, and for a quotation mark that swallows the lines after it.
    """
    read = 0
    if _is_plain(path, encoding):
        with _open(path, encoding) as file:
            reader, start = csv.reader(file, delimiter=delimiter, strict=True), 1
            try:
                for cells in reader:
                    read += 1
                    if any(cells) and any(cell.strip() for cell in cells):
                        yield Record(start, cells)
                    start = reader.line_num + 1
                return
            except csv.Error:
                pass  # the careful way finds out what it is
    yield from filter(_has_text, islice(_careful(path, delimiter, encoding), read, None))


def _careful(path: Path, delimiter: str, encoding: str) -> Iterator[Record]:
    """The same, line by line; records without any text too, so that they can be counted."""
    with _open(path, encoding) as file:
        yield from records_of(file, delimiter, encoding)


def records_of(file: TextIO, delimiter: str, encoding: str = "utf-8") -> Iterator[Record]:
    """The records of an open text with its line ends as they are, those without any text too. Raises ImportRejected."""
    lines = _Lines(file, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.number + 1
        try:
            record = Record(start, next(reader))
        except StopIteration:
            return
        except LineTooLong:
            fault = _("This line is longer than a million characters.")
            record = Record(start, [lines.last[:KEPT_OF_A_LONG_LINE]], fault)
        except csv.Error as error:
            if lines.number > start:
                raise ImportRejected(
                    _("Line %(line)s opens a quotation mark that is not closed as it should be.") % {"line": start}
                ) from error
            record = _no_csv(start, lines.last)
        yield record


def _has_text(record: Record) -> bool:
    return any(record.cells) and any(cell.strip() for cell in record.cells)


def beginning(path: Path, delimiter: str, encoding: str, number: int) -> list[Record]:
    """The first records, without a look at the rest of the file."""
    return list(islice(filter(_has_text, _careful(path, delimiter, encoding)), number))


def header(path: Path, delimiter: str, encoding: str = "utf-8") -> list[str]:
    """The names of the columns. Raises ImportRejected for what is no table."""
    found = beginning(path, delimiter, encoding, 1)
    if not found:
        raise ImportRejected(_("The file is empty."))
    first = found[0]
    if first.fault:
        raise ImportRejected(_("Line %(line)s is no header: %(why)s") % {"line": first.line, "why": first.fault})
    if any("\0" in cell or cell.startswith("PK\x03\x04") for cell in first.cells):
        raise ImportRejected(_("This is no text file. Save the table as CSV (UTF-8) and import that."))
    if len(first.cells) > MOST_COLUMNS:
        names = {"number": len(first.cells), "most": MOST_COLUMNS}
        raise ImportRejected(_("The file has %(number)s columns: at most %(most)s are read.") % names)
    return first.cells


def count(path: Path, delimiter: str, encoding: str = "utf-8") -> int:
    """Rows below the header; whoever counts knows that the file can be read to its end."""
    return sum(1 for _record in records(path, delimiter, encoding)) - 1


def _no_csv(start: int, line: str) -> Record:
    if max(map(len, line.split('"'))) > csv.field_size_limit():
        return Record(start, [line[:KEPT_OF_A_LONG_LINE]], _("A cell of this line is too long to be read."))
    return Record(start, [line.rstrip("\r\n")], _("This line is not CSV: a quotation mark is misplaced."))


def _open(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=ENCODINGS[encoding], errors="surrogateescape", newline="")
