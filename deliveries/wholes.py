"""Statements about many people at once, whose rows may be so new that the database knows nothing of them yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


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
            cursor.execute("SET LOCAL enable_nestloop TO off; SET LOCAL jit TO off")
        yield
