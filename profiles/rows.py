"""From the cells of a CSV record to what a profile stores, or to the reason why it cannot be stored."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from profiles import columns
from profiles.csvfiles import Record


@dataclass(frozen=True)
class Row:
    """A readable row: its stored form, without the empty cells, and the boxes it speaks of (scope -> ticked)."""

    values: dict[str, str]
    choices: dict[str, bool]


@dataclass(frozen=True)
class Reject:
    """A row that is not imported; `column` and `value` are those of its first fault, `why` names them all."""

    record: Record
    column: str
    value: str
    why: str


def read(records: Iterable[Record], header: list[str], fields: Mapping[int, str]) -> Iterator[Row | Reject]:
    """Each record as a Row or a Reject, in the order of the file; `fields` comes from columns.match()."""
    readers = [(position, field, columns.reader(field)) for position, field in fields.items()]
    for record in records:
        if record.fault:
            yield Reject(record, "", record.cells[0], record.fault)
            continue
        if any(cell.strip() for cell in record.cells[len(header) :]):
            why = _("This line has more cells than the header: is a cell without quotation marks cut in two?")
            yield Reject(record, "", "", why)
            continue
        values: dict[str, str] = {}
        choices: dict[str, bool] = {}
        faults: list[tuple[int, str]] = []
        for (position, field, meaning), cell in zip(readers, _cells(record, fields), strict=True):
            if not cell.strip():
                continue
            try:
                value = meaning(cell)
            except ValueError as error:
                faults.append((position, str(error)))
                continue
            if isinstance(value, bool):
                choices[columns.SCOPES[field]] = value
            else:
                values[field] = value
        if faults:
            yield _rejected(record, header, faults)
        elif "email" not in values and "mobile" not in values:
            yield Reject(record, "", "", _("Neither an email nor a mobile: the profile could not be found again."))
        else:
            yield Row(values, choices)


def _cells(record: Record, fields: Mapping[int, str]) -> list[str]:
    """The cells of the mapped columns; a line that ends early has empty ones."""
    return [record.cells[position] if position < len(record.cells) else "" for position in fields]


def _rejected(record: Record, header: list[str], faults: list[tuple[int, str]]) -> Reject:
    (position, first), *others = faults
    why = " ".join([first, *(f"{header[other]}: {reason}" for other, reason in others)])
    return Reject(record, header[position], record.cells[position], why)
