"""A limit for what a query may take while somebody waits for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

INSTRUCTIONS = 50_000  # of SQLite's machine between two looks at the clock: well below a millisecond


class TookTooLong(Exception):
    """The query was ended at the limit; nothing is known of its result."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Every query inside is ended by the database when it takes longer: TookTooLong. For reading only."""
    try:
        with _limit(seconds):
            yield
    except OperationalError as error:
        if not _is_ours(error):
            raise
        raise TookTooLong from error


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        # A transaction, because only there a limit ends by itself. SQLite needs none: it would lock out everybody who writes.
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{max(1, round(seconds * 1000))}ms"])
                cursor.execute("SET LOCAL jit TO off")  # compiling long conditions takes longer than asking them
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")  # where it is a savepoint, the rest goes on
        return
    end = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > end, INSTRUCTIONS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def _is_ours(error: OperationalError) -> bool:
    cause = error.__cause__
    return getattr(cause, "sqlstate", "") == "57014" or str(error) == "interrupted"
