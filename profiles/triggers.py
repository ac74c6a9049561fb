"""Database triggers that keep an invariant whatever code writes: installed after migrate, found again by a check.

A migration that rebuilds a table on SQLite drops its triggers silently, so they are no migrations.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Guard:
    """Triggers of one purpose: name -> statement per vendor; PostgreSQL functions come before their triggers."""

    table: str
    sqlite: Mapping[str, str]
    postgresql: Mapping[str, str]
    functions: Mapping[str, str]

    def statements(self, vendor: str) -> Mapping[str, str]:
        return self.postgresql if vendor == "postgresql" else self.sqlite


def install(connection: BaseDatabaseWrapper, guard: Guard) -> None:
    """Create the triggers anew, in one transaction."""
    remove(connection, guard)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in guard.functions.values():
                cursor.execute(statement)
        for statement in guard.statements(connection.vendor).values():
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper, guard: Guard) -> None:
    with connection.cursor() as cursor:
        for name in guard.statements(connection.vendor):
            on = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing(connection: BaseDatabaseWrapper, guard: Guard) -> list[str]:
    """Names of triggers that the database's catalogue lacks or has disabled."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [guard.table])
        present = {row[0] for row in cursor.fetchall()}
    return [name for name in guard.statements(connection.vendor) if name not in present]


@contextmanager
def lifted(connection: BaseDatabaseWrapper, *guards: Guard) -> Iterator[None]:
    """Without the guards, for flushing a test database; never for product code."""
    for guard in guards:
        remove(connection, guard)
    try:
        yield
    finally:
        for guard in guards:
            install(connection, guard)
