"""A limit for what a query may take while somebody waits for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

CANCEL = """SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s AND state = 'active' AND pid <> pg_backend_pid()"""
latest: dict[str, object] = {}  # asker -> its last question; on SQLite, where the web server is one process with threads
INSTRUCTIONS = 50_000  # of SQLite's machine between two looks at the clock: well below a millisecond


class TookTooLong(Exception):
    """The query was ended at the limit; nothing is known of its result."""


@contextmanager
def time_limit(seconds: float, *, asker: str = "") -> Iterator[None]:
    """Every query inside is ended by the database when it takes longer: TookTooLong. For reading only.

    What the same `asker` (ASCII, at most 63 characters) asked before is ended at once: nobody waits for its answer any more.
    """
    try:
        with _limit(seconds, asker):
            yield
    except OperationalError as error:
        if not _is_ours(error):
            raise
        raise TookTooLong from error


@contextmanager
def _limit(seconds: float, asker: str) -> Iterator[None]:
    connection.ensure_connection()
    with _limit_of_postgresql(seconds, asker) if connection.vendor == "postgresql" else _limit_of_sqlite(seconds, asker):
        yield


@contextmanager
def _limit_of_postgresql(seconds: float, asker: str) -> Iterator[None]:
    """A transaction, because only there a limit ends by itself."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            if asker:
                cursor.execute(CANCEL, [asker])
                cursor.execute("SELECT set_config('application_name', %s, true)", [asker])
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{max(1, round(seconds * 1000))}ms"])
            cursor.execute("SET LOCAL jit TO off")  # compiling long conditions takes longer than asking them
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")  # where it is a savepoint, the rest goes on


@contextmanager
def _limit_of_sqlite(seconds: float, asker: str) -> Iterator[None]:
    """No transaction: it would lock out everybody who writes."""
    end, question = time.monotonic() + seconds, object()
    if asker:
        latest[asker] = question

    def is_over() -> bool:
        return time.monotonic() > end or (bool(asker) and latest.get(asker) is not question)

    connection.connection.set_progress_handler(is_over, INSTRUCTIONS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)
        if latest.get(asker) is question:
            del latest[asker]


def _is_ours(error: OperationalError) -> bool:
    cause = error.__cause__
    return getattr(cause, "sqlstate", "") == "57014" or str(error) == "interrupted"
