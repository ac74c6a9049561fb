"""Export profiles as CSV: every field that an import knows, the opt-outs always, formulas disarmed (profiles.disarming)."""

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from profiles import columns, customfields
from profiles.disarming import disarm
from profiles.models import CustomField, Profile

CHUNK_ROWS = 2000  # read and written at once: what an export holds in memory
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
DELIMITERS = (",", ";")


def header(custom: Sequence[CustomField]) -> list[str]:
    """The names of the columns: those of the fields, which an import finds again."""
    return columns.fields(custom)


def rows(profiles: QuerySet[Profile], custom: Sequence[CustomField]) -> Iterator[list[str]]:
    """Each profile as the cells of header(); in the order of their ids, in constant memory."""
    names = list(columns.HEADERS)
    stored = profiles.order_by("pk").values_list("custom", *names)
    for values, *plain in stored.iterator(chunk_size=CHUNK_ROWS):
        added = [customfields.as_text(one, values.get(one.key)) for one in custom]
        yield [disarm(text) if text else "" for text in [*map(_text, plain), *added]]


def lines(profiles: QuerySet[Profile], *, delimiter: str = ",") -> Iterator[bytes]:
    """The file in pieces, UTF-8 with its mark."""
    custom = customfields.definitions()
    pieces = _Pieces()
    writer = csv.writer(pieces, delimiter=delimiter)
    pieces.write(BYTE_ORDER_MARK)
    writer.writerow(header(custom))
    for number, row in enumerate(rows(profiles, custom), start=1):
        writer.writerow(row)
        if number % CHUNK_ROWS == 0:
            yield pieces.take()
    yield pieces.take()


def labels(custom: Sequence[CustomField]) -> list[str]:
    """What the columns hold, for people."""
    own = {field.name: str(field.verbose_name) for field in Profile._meta.fields} | {"public_id": _("Heed ID")}
    return [*(own[name] for name in columns.HEADERS), *(one.label for one in custom)]


def _text(value: Any) -> str:
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


class _Pieces:
    """A file that is taken away piece by piece."""

    def __init__(self) -> None:
        self.texts = list[str]()
        self.write: Callable[[str], object] = self.texts.append

    def take(self) -> bytes:
        taken = "".join(self.texts).encode()
        self.texts.clear()
        return taken
