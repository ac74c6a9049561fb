"""The sealer: gives every event of the ledger its code, and closes each batch into the chain.

The codes are HMACs under keys made of SUPPRESSION_KEY, which the database does not hold: whoever can write to the
database but does not know the key can rewrite an event, but not its seal (profiles.tampering finds it).
"""

import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections, transaction
from django.db.models import Max
from django.utils import timezone

from profiles import serialising
from profiles.models import ConsentEvent, Erasing, Seal, SealedBatch

logger = logging.getLogger("heed.worker")
BATCH = 5_000  # events sealed in one transaction: about a tenth of a second, in which SQLite lets nobody else write
CODE = 16  # bytes of a seal
ADVISORY_LOCK = 0x48656564  # one sealer at a time on PostgreSQL
Code = Callable[[bytes], bytes]


def event_code() -> Code:
    """Event as profiles.serialising writes it -> the bytes of its seal."""
    key = _key("event of the consent ledger")
    return lambda text: hmac.digest(key, text, "sha256")[:CODE]


def batch_mac(batch: SealedBatch, seals: Iterable[tuple[int, bytes]], *, before: bytes) -> bytes:
    """The MAC that closes a batch over the MAC of the batch before it (empty for the first), its facts and its seals."""
    facts = [batch.number, batch.first_event_id, batch.last_event_id, batch.count, _moment(batch.at)]
    mac = hmac.new(_key("batch of the consent ledger"), digestmod="sha256")
    mac.update(before + b"|" + b"|".join(str(fact).encode() for fact in facts) + b"|")
    for event_id, code in seals:
        mac.update(event_id.to_bytes(8, signed=True) + code)
    return mac.digest()


def erasure_mac(*, profile_id: int, erased_at: datetime, erased_by: str, event_ids: list[int]) -> bytes:
    """The MAC of an Erasing row: says that this installation, and not somebody in its database, removed these events."""
    written = json.dumps([profile_id, _moment(erased_at), erased_by, event_ids], separators=(",", ":"))
    return hmac.digest(_key("erasure of a profile"), written.encode(), "sha256")


def is_genuine(erasing: Erasing) -> bool:
    facts = {name: getattr(erasing, name) for name in ("profile_id", "erased_at", "erased_by", "event_ids")}
    return hmac.compare_digest(bytes(erasing.mac), erasure_mac(**facts))


def _key(purpose: str) -> bytes:
    return hmac.digest(settings.SUPPRESSION_KEY.encode(), f"heed seal: {purpose}".encode(), "sha256")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Sealer:
    """Seals whatever is final, whenever `tick` is called. Any number may exist: one works at a time."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using
        self._final = self._asked = 0  # ids: sealed up to the one, waiting for those who may still write below the other
        self._writers: set[Any] = set()

    def tick(self) -> int:
        """Seal one batch at most; how many events. BATCH: there may be more at once."""
        upto = self._final_id()
        last = SealedBatch.objects.using(self.using).aggregate(last=Max("last_event_id"))["last"] or 0
        return self._seal(upto) if upto > last else 0

    def seal_everything(self) -> int:
        """Seal all that is final now, with a pause between batches; how many events."""
        sealed = 0
        while some := self.tick():
            sealed += some
            time.sleep(settings.PAUSE_SECONDS)
        return sealed

    def _final_id(self) -> int:
        """The id up to which no event can appear any more: everything below is committed, or never will be.

        On SQLite writers take turns and ids grow, so that is every id that can be seen. On PostgreSQL a transaction may
        hold a lower id and commit later. But an INSERT takes its lock on the table *before* it draws an id, and keeps it
        until its commit can be seen. So whoever drew an id below the highest one seen at one moment is, a moment later,
        either done or among the holders of that lock; once these are gone, nothing below can follow. (The age of the
        oldest transaction says less: an id is drawn before the transaction has a number; and it waits for strangers.)
        The sequence must not be cached per session: Django's is not. Events of the own connection are no obstacle.
        """
        if connections[self.using].vendor != "postgresql":
            return self._highest_id()
        if not self._writers & self._current_writers():
            self._final = self._asked
            self._asked = self._highest_id()  # first the id, then who holds the lock: not the other way round
            self._writers = self._current_writers()
            if not self._writers:
                self._final = self._asked
        return self._final

    def _highest_id(self) -> int:
        return ConsentEvent.objects.using(self.using).aggregate(highest=Max("pk"))["highest"] or 0

    def _current_writers(self) -> set[Any]:
        """The other transactions that write to the ledger, prepared ones as well."""
        with connections[self.using].cursor() as cursor:
            cursor.execute(
                """SELECT virtualtransaction FROM pg_locks
                WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND relation = %s::regclass
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND pid IS DISTINCT FROM pg_backend_pid()""",
                [ConsentEvent._meta.db_table],
            )
            return {row[0] for row in cursor.fetchall()}

    def _seal(self, upto: int) -> int:
        with transaction.atomic(using=self.using):
            if not self._is_alone():
                return 0
            last = SealedBatch.objects.using(self.using).order_by("-number").first()
            after = last.last_event_id if last else 0
            events = serialising.read(connections[self.using], after=after, upto=upto, limit=BATCH)
            if events:
                self._write(events, last)
        return len(events)

    def _is_alone(self) -> bool:
        """SQLite: the transaction holds the only write lock already."""
        if connections[self.using].vendor != "postgresql":
            return True
        with connections[self.using].cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
            return bool(cursor.fetchone()[0])

    def _write(self, events: list[tuple[int, bytes]], last: SealedBatch | None) -> None:
        code = event_code()
        seals = [(event_id, code(text)) for event_id, text in events]
        batch = SealedBatch(
            number=last.number + 1 if last else 1,
            first_event_id=seals[0][0],
            last_event_id=seals[-1][0],
            count=len(seals),
            at=timezone.now(),
        )
        batch.mac = batch_mac(batch, seals, before=bytes(last.mac) if last else b"")
        self._insert(seals)
        batch.save(using=self.using, force_insert=True)

    def _insert(self, seals: list[tuple[int, bytes]]) -> None:
        """In one statement without a model for each row, which would take most of the time; on PostgreSQL all codes in a row."""
        table = Seal._meta.db_table
        with connections[self.using].cursor() as cursor:
            if connections[self.using].vendor == "postgresql":
                code = f"substring(%s::bytea FROM {CODE} * (place::int - 1) + 1 FOR {CODE})"
                cursor.execute(
                    f"INSERT INTO {table} (event_id, mac) SELECT id, {code}"
                    " FROM unnest(%s::bigint[]) WITH ORDINALITY AS events (id, place)",
                    [b"".join(code for _id, code in seals), [event_id for event_id, _code in seals]],
                )
            else:
                cursor.executemany(f"INSERT INTO {table} (event_id, mac) VALUES (%s, %s)", seals)


class BackgroundSealer(threading.Thread):
    """Seals every few seconds, whatever else the process does meanwhile: a preparation or a slow server may take minutes."""

    def __init__(self) -> None:
        super().__init__(name="sealer", daemon=True)
        self._stopping = threading.Event()

    def run(self) -> None:
        sealer = Sealer()
        while not self._stopping.is_set():
            try:
                sealed = sealer.tick()
            except Exception:
                # A database that restarts, a lock that was not free in time: the next try is in a few seconds.
                logger.exception("the sealer goes on after an error")
                sealed = 0
            close_old_connections()
            self._stopping.wait(settings.PAUSE_SECONDS if sealed == BATCH else settings.SEAL_SECONDS)
        connections.close_all()

    def stop(self) -> None:
        """Let it finish what it is writing, for a few seconds at most."""
        self._stopping.set()
        self.join(timeout=10)


def start_in_background() -> BackgroundSealer:
    sealer = BackgroundSealer()
    sealer.start()
    return sealer
