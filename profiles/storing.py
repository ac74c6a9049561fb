"""Where the rows of an import go: the stored profiles that they may mean, and what is written of what came out.

Storage writes. Rehearsal writes nothing and remembers, so that a later row meets what an earlier one would have done.
"""

import json
import os
import pickle
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models.expressions import RawSQL
from django.utils import timezone

from profiles import aliases, bulkrows, consent, erased, registering
from profiles.actors import actor
from profiles.channels import OPT_OUT_FIELDS, Channel
from profiles.columns import CUSTOM
from profiles.consent import Evidence
from profiles.fields import FoldedField
from profiles.matching import NEW, Entry, Known, Layout
from profiles.models import CustomField, Profile, Source
from profiles.rows import Row
from profiles.silence import ERASED_EARLIER


class Storage:
    """The profiles of the database. The caller holds the transaction."""

    def __init__(self, layout: Layout, *, by: AbstractUser | str, evidence: Evidence) -> None:
        self.layout = layout
        self.by = by
        self.evidence = evidence
        self.folded = [
            (field, layout.columns.index(field.source))
            for field in Profile._meta.concrete_fields
            if isinstance(field, FoldedField) and field.source in layout.fields
        ]

    def take_turn(self) -> None:
        """Nobody else creates or erases profiles until the transaction ends; the first thing in it."""
        registering.take_turn()

    def known(self, rows: Sequence[Row]) -> Known:
        """What these rows may mean; nobody else creates or changes these profiles until the transaction ends."""
        self._follow_merges(rows)
        self._leave_out_removed_fields(rows)
        return Known(self.layout, self._stored(rows, lock=True))

    def store(self, known: Known) -> int:
        """Write what changed; the number of boxes that were ticked."""
        new = [entry for entry in known.entries if entry.is_new]
        tightened = self._create(new) + self._update([entry for entry in known.entries if not entry.is_new])
        for channel, addressed in self._erased_earlier(known.entries).items():
            silent = Profile.objects.filter(pk__in=[entry.number for entry in addressed])
            tightened += consent.opt_out_set(silent, channel.value, source=Source.SYSTEM, evidence=ERASED_EARLIER)
        return tightened

    def _follow_merges(self, rows: Sequence[Row]) -> None:
        """A row of a profile that was merged since it was exported means the profile that it was merged into."""
        place = self.layout.public_id
        if place is None:
            return
        winners = aliases.present_public_ids({row.values[place] for row in rows if row.values[place]})
        for row in rows if winners else ():
            row.values[place] = winners.get(row.values[place], row.values[place])

    def _leave_out_removed_fields(self, rows: Sequence[Row]) -> None:
        """An added field that was removed since the file was begun takes no value; one that is there stays to the end."""
        if not self.layout.custom:
            return
        added = CustomField.objects.filter(key__in=self.layout.custom.values()).order_by("pk")
        there = set(added.select_for_update(no_key=True).values_list("key", flat=True))
        for place in (place for place, key in self.layout.custom.items() if key not in there):
            for row in rows:
                row.values[place] = None

    def _stored(self, rows: Sequence[Row], *, lock: bool) -> list[Entry]:
        layout = self.layout
        asked = {layout.columns[place]: self._values(rows, place) for place in layout.keys if place < len(layout.fields)}
        wanted = {column: values for column, values in asked.items() if values}
        return self._entries(bulkrows.having(Profile, wanted), lock=lock) if wanted else []

    def _values(self, rows: Sequence[Row], place: int) -> set[str]:
        """What is asked for in one column; a mobile only where there is no email to ask for."""
        layout = self.layout
        if place == layout.mobile and layout.email < len(layout.fields):
            rows = [row for row in rows if not row.values[layout.email]]
        values = {row.values[place] for row in rows} - {None}
        return set(map(bulkrows.identity, values)) if place == layout.public_id else values

    def _entries(self, ids: RawSQL, *, lock: bool) -> list[Entry]:
        layout = self.layout
        plain = [name for name in layout.columns if not name.startswith(CUSTOM)]
        stored = Profile.objects.filter(pk__in=ids).order_by("pk")
        stored = stored.select_for_update(no_key=True, of=("self",)) if lock else stored
        keyed = {*layout.custom}
        entries = []
        with bulkrows.by_index():
            found = list(stored.values_list("pk", "custom", *plain))
        for pk, custom, *values in found:
            rest = iter(values)
            state = [custom.get(layout.custom[i]) if i in keyed else next(rest) for i in range(len(layout.columns))]
            if layout.public_id is not None:
                state[layout.public_id] = str(state[layout.public_id])
            entries.append(Entry(pk, state, custom))
        return entries

    def _create(self, new: list[Entry]) -> int:
        if not new:
            return 0
        layout = self.layout
        for entry, pk in zip(new, bulkrows.reserve_ids(Profile, len(new)), strict=True):
            entry.number = pk
        places = [index for index, name in enumerate(layout.columns) if index not in layout.custom and name != "public_id"]
        names = [layout.columns[index] for index in places]
        folded = [(place, field.derive, field.max_length) for field, place in self.folded]
        columns = ["id", "public_id", *names, *(field.name for field, _place in self.folded)]
        if layout.custom:
            columns.append("custom")
        rows = self._rows(new, itemgetter(*places), folded, names)
        constants = self._constants(columns)
        return consent.insert_profiles(columns, rows, constants, source=Source.IMPORT, by=self.by, evidence=self.evidence)

    def _rows(self, new: list[Entry], pick: Any, folded: list[Any], names: list[str]) -> Iterator[list[Any]]:
        layout = self.layout
        day = 2 + names.index("birth_date") if "birth_date" in names else 0
        is_rare = layout.custom or layout.public_id is not None
        for entry, random in zip(new, _public_ids(len(new)), strict=True):
            state = entry.state
            row = [entry.number, random, *pick(state)]
            for place, derive, longest in folded:
                row.append(derive(state[place])[:longest])
            if day and row[day]:
                row[day] = row[day].isoformat()
            if is_rare:
                self._adapt(entry, row)
            yield row

    def _adapt(self, entry: Entry, row: list[Any]) -> None:
        """What is rare in files: a Heed ID that nobody has, fields that this installation added."""
        if self.layout.public_id is not None and entry.state[self.layout.public_id]:
            row[1] = bulkrows.identity(entry.state[self.layout.public_id])
        if self.layout.custom:
            row.append(json.dumps(self._custom(entry)))

    def _custom(self, entry: Entry) -> dict[str, Any]:
        own = {key: entry.state[place] for place, key in self.layout.custom.items() if entry.state[place] is not None}
        return (entry.custom or {}) | own

    def _constants(self, columns: Sequence[str]) -> dict[str, Any]:
        """Column -> value, of the columns that are the same for all new profiles."""
        now, who = bulkrows.moment(timezone.now()), actor(self.by)
        own = {"created_at": now, "modified_at": now, "created_by": who, "modified_by": who, "custom": "{}"}
        fields = [field for field in Profile._meta.concrete_fields if field.name not in {"id", *columns}]
        return {field.name: own.get(field.name, field.get_default()) for field in fields}

    def _update(self, stored: list[Entry]) -> int:
        layout = self.layout
        changed = [entry for entry in stored if entry.changed]
        places = sorted({place for entry in changed for place in entry.changed} - {*layout.custom})
        names = [layout.columns[index] for index in places]
        rows = []
        for entry in changed:
            state = entry.state
            plain = [state[place].isoformat() if hasattr(state[place], "isoformat") else state[place] for place in places]
            extra = [field.derive(state[place])[: field.max_length] for field, place in self.folded]
            rows.append([entry.number, *plain, *extra, *([json.dumps(self._custom(entry))] if layout.custom else [])])
        columns = [*names, *(field.name for field, _place in self.folded), *(["custom"] if layout.custom else [])]
        more = "revision = revision + 1, modified_at = %s, modified_by = %s"
        bulkrows.update(Profile, columns, rows, more=more, parameters=[bulkrows.moment(timezone.now()), actor(self.by)])
        tightened = 0
        for place, scope in layout.boxes.items():
            if ids := [entry.number for entry in stored if place in entry.ticked]:
                who = Profile.objects.filter(pk__in=ids)
                tightened += consent.opt_out_set(who, scope, source=Source.IMPORT, by=self.by, evidence=self.evidence)
        return tightened

    def _erased_earlier(self, entries: Iterable[Entry]) -> dict[Channel, list[Entry]]:
        """Whoever has an address now that was erased while it was opted out (design decision 15)."""
        layout, found = self.layout, dict[Channel, list[Entry]]()
        for channel in Channel.addressed():
            place = layout.columns.index(channel.address_field)
            if place >= len(layout.fields):
                continue
            addressed = [entry for entry in entries if entry.state[place] and (place in entry.changed or entry.custom is None)]
            silent = erased.blocked(channel, {entry.state[place] for entry in addressed})
            if silent:
                found[channel] = [entry for entry in addressed if entry.state[place] in silent]
        return found


class Rehearsal(Storage):
    """Writes nothing to the database. What rows would have done is kept in a file of its own that nobody else sees."""

    def __init__(self, layout: Layout, *, by: AbstractUser | str, evidence: Evidence) -> None:
        super().__init__(layout, by=by, evidence=evidence)
        self.next_number = NEW
        self.touched = sqlite3.connect("", check_same_thread=False)  # on disk, gone with the connection
        self.touched.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, kept BLOB)")
        self.touched.execute(
            "CREATE TABLE address (place INTEGER, value TEXT, number INTEGER, PRIMARY KEY (place, value, number))"
        )

    def take_turn(self) -> None:
        """Nobody has to wait for what is not written."""

    def known(self, rows: Sequence[Row]) -> Known:
        self._follow_merges(rows)
        found = {entry.number: entry for entry in self._stored(rows, lock=False)}
        for number in {*found, *self._touched_by(rows)}:
            kept = self.touched.execute("SELECT kept FROM entry WHERE number = ?", [number]).fetchone()
            if kept:
                found[number] = Entry(number, *pickle.loads(kept[0]))  # noqa: S301 (our own bytes, in our own hands)
        return Known(self.layout, (found[number] for number in sorted(found)), next_number=self.next_number)

    def store(self, known: Known) -> int:
        silent = sum(self._newly_silent(channel, who) for channel, who in self._erased_earlier(known.entries).items())
        touched = [entry for entry in known.entries if entry.changed or entry.ticked or entry.custom is None]
        kept = [(entry.number, pickle.dumps((entry.state, entry.custom or {}))) for entry in touched]
        self.touched.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", kept)
        places = self.layout.keys
        addresses = [(place, entry.state[place], entry.number) for entry in touched for place in places if entry.state[place]]
        self.touched.executemany("INSERT OR IGNORE INTO address VALUES (?, ?, ?)", addresses)
        self.next_number = known.next_number
        created = [entry for entry in touched if entry.custom is None]
        boxes = sum(bool(entry.state[place]) for entry in created for place in self.layout.boxes)
        return silent + boxes + sum(len(entry.ticked) for entry in touched if entry.custom is not None)

    def _touched_by(self, rows: Sequence[Row]) -> set[int]:
        layout, question = self.layout, "SELECT number FROM address WHERE place = ? AND value = ?"
        wanted = {(place, row.values[place]) for row in rows for place in layout.keys if place < len(row.values)}
        return {number for key in wanted if key[1] for (number,) in self.touched.execute(question, key)}

    def _newly_silent(self, channel: Channel, entries: list[Entry]) -> int:
        """How many of them have the box of the channel not ticked yet, here or in the database."""
        place = next((place for place, scope in self.layout.boxes.items() if scope == channel.value), None)
        if place is not None:
            return sum(not entry.state[place] for entry in entries)
        stored = [entry.number for entry in entries if not entry.is_new]
        ticked = Profile.objects.filter(pk__in=stored, **{OPT_OUT_FIELDS[channel.value]: True}).count() if stored else 0
        return len(entries) - ticked


def _public_ids(number: int) -> list[str]:
    """Random UUIDs of version 4, as the database takes them: one question to the system instead of one for each."""
    digits = os.urandom(16 * number).hex()
    return [
        f"{digits[at : at + 12]}4{digits[at + 13 : at + 16]}{'89ab'[int(digits[at + 16], 16) % 4]}{digits[at + 17 : at + 32]}"
        for at in range(0, 32 * number, 32)
    ]
