"""From a CSV file to pieces of rows: how the file is read, and the reading itself. Asks the database for nothing but fields.

The pieces can be read by another process (profiles.reading_ahead): whatever a row needs is in the Plan.
"""

import gc
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from profiles import columns, csvfiles, customfields
from profiles.models import CustomField
from profiles.rows import Reader, Reject, Row

Piece = tuple[list[Row], list[Reject]]


@dataclass(frozen=True)
class Plan:
    """How a file is read: its fields by the position of their columns, and what else is needed for it."""

    path: Path
    delimiter: str
    encoding: str
    header: list[str]
    fields: dict[int, str]
    custom: list[CustomField] = field(default_factory=list)

    @property
    def unmapped(self) -> list[str]:
        """Headers that are no field of a profile."""
        return [
            name.strip() or _("column %(number)s") % {"number": position + 1}
            for position, name in enumerate(self.header)
            if position not in self.fields
        ]

    def count(self) -> int:
        """Rows of the file. Raises ImportRejected for one that cannot be read to its end."""
        return csvfiles.count(self.path, self.delimiter, self.encoding)

    def pieces(self, skip: int, size: int) -> Generator[Piece, None, None]:
        """The rows behind the first `skip` ones, `size` at a time, in the order of the file."""
        records = islice(csvfiles.records(self.path, self.delimiter, self.encoding), 1 + skip, None)
        reader = Reader(self.header, self.fields, self.custom)
        while True:
            with collector_resting():
                batch = list(islice(records, size))
                piece = reader.read(batch)
            if not batch:
                return
            yield piece


def plan(
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    fields: Mapping[int, str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Plan:
    """Read the header; raises ImportRejected for what is no table of profiles.

    `fields` are fixed by position, or else found by the header and by `mapping` from its names.
    """
    encoding = encoding or csvfiles.detect_encoding(path)
    delimiter = delimiter or csvfiles.detect_delimiter(path, encoding)
    header = csvfiles.header(path, delimiter, encoding)
    custom = customfields.definitions()
    found = columns.check(dict(fields), header) if fields is not None else columns.match(header, mapping or {}, custom)
    return Plan(path, delimiter, encoding, header, found, custom)


@contextmanager
def collector_resting() -> Iterator[None]:
    """Without the search for reference cycles: there are none in the many lists of a batch, and it takes a fifth of the time."""
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()
