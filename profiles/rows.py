"""From the cells of a CSV record to what a profile stores, or to the reason why it cannot be stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from profiles import cells, columns
from profiles.csvfiles import Record
from profiles.models import CustomField

LONGEST_VALUE = 100  # characters of a cell that a refusal quotes


class Row(NamedTuple):
    """A readable row: the stored form of each mapped column in their order, None for an empty cell."""

    line: int
    values: list[Any]


@dataclass(frozen=True)
class Reject:
    """A row that is not imported; `column` and `value` are those of its first fault, `why` names them all."""

    record: Record
    column: str
    value: str
    why: str
    names_erased: bool = False  # then the record has no cells


class Reader:
    """Reads the records of one file; `fields` comes from columns.match()."""

    def __init__(self, header: list[str], fields: Mapping[int, str], custom: Sequence[CustomField] = ()) -> None:
        self.header = header
        self.positions = list(fields)
        self.meanings = [cells.reader(field, custom) for field in fields.values()]
        # One column more, so that a single one is no bare text.
        self.pick = itemgetter(*fields, next(iter(fields)))
        self.width = max(fields) + 1
        self.keys = [index for index, field in enumerate(fields.values()) if field in columns.KEYS]

    def read(self, records: Iterable[Record]) -> tuple[list[Row], list[Reject]]:
        """The readable ones and the others, each in the order of the file."""
        read = [self._read(record) for record in records]
        return [one for one in read if one.__class__ is Row], [one for one in read if one.__class__ is Reject]

    def _read(self, record: Record) -> Row | Reject:
        line, texts, fault = record
        if fault:
            return Reject(record, "", shortened(texts[0]), fault)
        if len(texts) > len(self.header) and any(cell.strip() for cell in texts[len(self.header) :]):
            why = _("This line has more cells than the header: is a cell without quotation marks cut in two?")
            return Reject(record, "", "", why)
        if len(texts) < self.width:
            texts = texts + [""] * (self.width - len(texts))
        try:
            values = [meaning(text) for meaning, text in zip(self.meanings, self.pick(texts), strict=False)]
        except ValueError:
            return self._rejected(record, texts)
        if not any(values[index] for index in self.keys):
            return Reject(record, "", "", _("Neither an email nor a mobile: the profile could not be found again."))
        return Row(line, values)

    def _rejected(self, record: Record, texts: list[str]) -> Reject:
        """Every cell once more, to name all faults."""
        faults = list[tuple[int, str]]()
        for position, meaning in zip(self.positions, self.meanings, strict=True):
            try:
                meaning(texts[position])
            except ValueError as error:
                faults.append((position, str(error)))
        (position, first), *others = faults
        why = " ".join([first, *(f"{self.header[other]}: {reason}" for other, reason in others)])
        return Reject(record, self.header[position], shortened(texts[position]), why)


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
