"""Statements about many people at once, whose rows may be so new that the database knows nothing of them yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Model


@contextmanager
def planned_for_many() -> Iterator[None]:
    """PostgreSQL, without statistics, would go through the rows of a preparation once for every person, and compile longer
    than it works.

    A transaction there, for the setting to end with it; none on SQLite, where others would have to wait.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop TO off; SET LOCAL jit TO off; SET LOCAL work_mem TO '64MB'")
        yield


def commit_without_waiting() -> None:
    """For the transaction in hand: PostgreSQL writes it to the disk within a second or before the next one that waits. What the
    server loses by crashing meanwhile is undone whole, and done again."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def learn(model: type[Model]) -> None:
    """Have PostgreSQL take a sample of the table now, and not a minute later: it counts with all processors only where it
    knows that there is much to count."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
