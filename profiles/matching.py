"""Which profile a row of a file means, and what the row changes in it: in memory, as if rows were imported one by one.

A row with a Heed ID belongs to that profile. Otherwise to the oldest profile with its email, or with its mobile where the
row has no email; where that is nobody, to the oldest with its external ID. Where that is nobody too, it is a new profile,
and a later row can mean it. Empty cells erase nothing; later rows win field by field; boxes are only ticked, never cleared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from profiles.columns import CUSTOM, SCOPES
from profiles.models import Profile

NEW = 2**62  # the numbers of profiles that are not stored yet: younger than all that are
ADDRESS = ("street", "street_2", "city")  # whoever has one of them has a postal address
ONLY_TICKED = ("ccpa_opt_out",)  # a refusal too, though no rule of a delivery


class Layout:
    """Where the fields of a row stand. `columns` are those of the file, and behind them what matching needs besides."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = list(fields)
        besides = [name for name in ("email", "mobile") if name not in self.fields]
        self.specifies = "address_specified" not in self.fields and bool(set(ADDRESS) & set(self.fields))
        if self.specifies:
            besides.append("address_specified")
        self.columns = [*self.fields, *besides]
        self.boxes = {index: SCOPES[name] for index, name in enumerate(self.fields) if name in SCOPES}
        self.only_ticked = {*self.boxes, *(index for index, name in enumerate(self.fields) if name in ONLY_TICKED)}
        self.custom = {index: name.removeprefix(CUSTOM) for index, name in enumerate(self.fields) if name.startswith(CUSTOM)}
        self.address = {index for index, name in enumerate(self.fields) if name in ADDRESS}
        self.blank = [self._blank(name) for name in self.columns]
        self.besides = self.blank[len(self.fields) :]
        self.email, self.mobile = self.columns.index("email"), self.columns.index("mobile")
        self.external_id, self.public_id = self._place("external_id"), self._place("public_id")
        self.specified = self._place("address_specified")

    def _place(self, name: str) -> int | None:
        return self.columns.index(name) if name in self.columns else None

    def _blank(self, name: str) -> Any:
        if name.startswith(CUSTOM) or name == "public_id":
            return None
        return Profile._meta.get_field(name).get_default()

    @cached_property
    def keys(self) -> list[int]:
        """Where the values stand that a profile is found by."""
        return [place for place in (self.public_id, self.email, self.mobile, self.external_id) if place is not None]


class Entry:
    """A profile as it will be after the rows read so far."""

    __slots__ = ("changed", "custom", "number", "state", "ticked")

    def __init__(self, number: int, state: list[Any], custom: dict[str, Any] | None = None) -> None:
        self.number = number  # its id; from NEW on, its turn among the new ones
        self.state = state  # the values of Layout.columns
        self.custom = custom  # all added fields of a stored profile
        self.changed = set[int]()  # places in `state` of ordinary values that differ from the stored ones
        self.ticked = set[int]()

    @property
    def is_new(self) -> bool:
        return self.number >= NEW


@dataclass
class Counts:
    """What became of rows: created + updated + unchanged + rejected = rows read."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    tightened: int = 0  # boxes that were ticked: as many rows in the ledger
    lifts_ignored: int = 0  # cells that asked for a ticked box to be cleared

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected

    def add(self, other: "Counts") -> None:
        for name in Counts.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Change:
    """What one row did: field -> (before, after); `created` where nobody was there before."""

    line: int
    entry: Entry
    created: bool
    fields: dict[int, tuple[Any, Any]]


class Known:
    """The profiles that the rows of a batch may mean."""

    def __init__(self, layout: Layout, entries: Iterable[Entry], *, next_number: int = NEW) -> None:
        self.layout = layout
        self.entries = list(entries)
        self.next_number = next_number
        self.by: dict[int, dict[Any, list[Entry]]] = {place: {} for place in layout.keys}
        for entry in self.entries:
            for place in layout.keys:
                self._index(entry, place)

    def take(self, line: int, values: list[Any]) -> Change:
        """Put a row into the profile that it means, a new one where it means nobody."""
        entry = self._find(values)
        if entry is None:
            return self._create(line, values)
        if self.layout.public_id is not None:
            values[self.layout.public_id] = None  # it names the profile, and never changes
        state, layout = entry.state, self.layout
        fields: dict[int, tuple[Any, Any]] = {}
        for place, value in enumerate(values):
            if value is None or value == state[place] or (value is False and place in layout.only_ticked):
                continue
            fields[place] = (state[place], value)
            state[place] = value
            (entry.ticked if place in layout.boxes else entry.changed).add(place)
        if fields:
            self._follow(entry, fields)
        return Change(line, entry, False, fields)

    def _create(self, line: int, values: list[Any]) -> Change:
        layout = self.layout
        state = [blank if value is None else value for value, blank in zip(values, layout.blank, strict=False)] + layout.besides
        entry = Entry(self.next_number, state)
        self.next_number += 1
        self.entries.append(entry)
        if layout.specifies and any(state[place] for place in layout.address):
            state[layout.specified or 0] = True
        for place in layout.boxes:
            if state[place]:
                entry.ticked.add(place)
        for place in layout.keys:
            self._index(entry, place)
        return Change(line, entry, True, {})

    def _follow(self, entry: Entry, fields: dict[int, tuple[Any, Any]]) -> None:
        """What a change brings along: other keys, and a postal address that is there now."""
        layout = self.layout
        for place in layout.keys:
            if place in fields:
                self._index(entry, place)
        if layout.specifies and layout.specified is not None and any(place in layout.address for place in fields):
            if not entry.state[layout.specified]:
                entry.state[layout.specified] = True
                entry.changed.add(layout.specified)

    def _find(self, values: list[Any]) -> Entry | None:
        layout, width = self.layout, len(values)
        found = None
        if layout.public_id is not None:
            found = self._oldest(layout.public_id, values[layout.public_id])
        if found is None:
            email = values[layout.email] if layout.email < width else None
            if email:
                found = self._oldest(layout.email, email)
            elif layout.mobile < width:
                found = self._oldest(layout.mobile, values[layout.mobile])
        if found is None and layout.external_id is not None:
            found = self._oldest(layout.external_id, values[layout.external_id])
        return found

    def _oldest(self, place: int, value: Any) -> Entry | None:
        if not value:
            return None
        having = self.by[place].get(value)
        if having is None:
            return None
        if len(having) == 1:
            return having[0] if having[0].state[place] == value else None
        return min((entry for entry in having if entry.state[place] == value), key=lambda entry: entry.number, default=None)

    def _index(self, entry: Entry, place: int) -> None:
        value = entry.state[place]
        if value:
            having = self.by[place].setdefault(value, [])
            if entry not in having:
                having.append(entry)


def lifts(values: Sequence[Any], change: Change, layout: Layout) -> int:
    """How many cells of the row asked for a ticked box to be cleared."""
    if change.created:
        return 0
    return sum(values[place] is False and change.entry.state[place] is True for place in layout.only_ticked)
