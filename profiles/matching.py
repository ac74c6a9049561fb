"""Which profile a row of a file means, and what the row changes in it: in memory, as if rows were imported one by one.

A row with a Heed ID belongs to that profile. Otherwise to the oldest profile with its email, or with its mobile where the
row has no email; where that is nobody, and the row has no Heed ID, to the oldest with its external ID. Where that is nobody
too, it is a new profile, and a later row can mean it. Empty cells erase nothing; later rows win field by field; boxes are
only ticked, never cleared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from profiles.columns import CUSTOM, SCOPES
from profiles.models import Profile
from profiles.values import ADDRESS

NEW = 2**62  # the numbers of profiles that are not stored yet: younger than all that are
NOTHING: frozenset[int] = frozenset()
ONLY_TICKED = ("ccpa_opt_out",)  # a refusal too, though no rule of a delivery


class Layout:
    """Where the fields of a row stand. `columns` are those of the file, and behind them what matching needs besides."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = list(fields)
        besides = [name for name in ("email", "mobile") if name not in self.fields]
        specifies = "address_specified" not in self.fields and bool(set(ADDRESS) & set(self.fields))
        if specifies:
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
        self.specified_by = self._place("address_specified") if specifies else None  # never the first place

    def _place(self, name: str) -> int | None:
        return self.columns.index(name) if name in self.columns else None

    def _blank(self, name: str) -> Any:
        if name.startswith(CUSTOM) or name == "public_id":
            return None
        field: Any = Profile._meta.get_field(name)
        return field.get_default()

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
        self.custom = custom  # all added fields of a stored profile; None for one that this batch creates
        self.changed = NOTHING  # places in `state` of ordinary values that differ from the stored ones
        self.ticked = NOTHING

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


class Change(NamedTuple):
    """What one row did; `created` where nobody was there before."""

    entry: Entry
    created: bool
    fields: dict[int, tuple[Any, Any]]  # place -> (before, after)
    lifts_ignored: int = 0


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

    def take(self, values: list[Any]) -> Change:
        """Put a row into the profile that it means, a new one where it means nobody."""
        entry, layout = self._find(values), self.layout
        if entry is None:
            return Change(self._create(values), True, {})
        if layout.public_id is not None:
            values[layout.public_id] = None  # it names the profile, and never changes
        state, lifts = entry.state, 0
        fields: dict[int, tuple[Any, Any]] = {}
        for place, value in enumerate(values):
            if value is None or value == state[place]:
                continue
            if value is False and place in layout.only_ticked:
                lifts += 1
                continue
            fields[place] = (state[place], value)
            state[place] = value
        if fields:
            self._follow(entry, fields)
        return Change(entry, False, fields, lifts)

    def _create(self, values: list[Any]) -> Entry:
        layout = self.layout
        if None in values:
            state = [blank if value is None else value for value, blank in zip(values, layout.blank, strict=False)]
            state += layout.besides
        else:
            state = values + layout.besides
        entry = Entry(self.next_number, state)
        self.next_number += 1
        self.entries.append(entry)
        if layout.specified_by:
            for place in layout.address:
                if state[place]:
                    state[layout.specified_by] = True
        for place, known in self.by.items():
            if value := state[place]:
                if value in known:
                    known[value].append(entry)
                else:
                    known[value] = [entry]
        return entry

    def _follow(self, entry: Entry, fields: dict[int, tuple[Any, Any]]) -> None:
        """What a change brings along: other keys, and a postal address that is there now."""
        layout = self.layout
        entry.ticked |= fields.keys() & layout.boxes.keys()
        entry.changed |= fields.keys() - layout.boxes.keys()
        for place in layout.keys:
            if place in fields:
                self._index(entry, place)
        specified = layout.specified_by
        if specified and not entry.state[specified] and fields.keys() & layout.address:
            entry.state[specified] = True
            entry.changed |= {specified}

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
        if found is None and layout.external_id is not None and not self._names_itself(values):
            found = self._oldest(layout.external_id, values[layout.external_id])
        return found

    def _names_itself(self, values: list[Any]) -> bool:
        """Whether the row has a Heed ID: two exported profiles with one external ID stay two."""
        return self.layout.public_id is not None and bool(values[self.layout.public_id])

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
