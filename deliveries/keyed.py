"""On SQLite, messages are kept in the order of their key alone: one tree to write and to read instead of two.

Django makes every table with a hidden row number, and keeps a key of two columns as an index beside it. A migration that
rebuilds such a table makes it so again: so this is no migration, but done after each migrate, as triggers are.
"""

from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from deliveries import guards
from deliveries.models import Message, Withheld
from profiles import triggers

TABLES = (Message._meta.db_table, Withheld._meta.db_table)
KEYED = "WITHOUT ROWID"


def keep_by_key_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Before the guards are installed: they are on one of the tables, and name it elsewhere."""
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    for table in TABLES:
        definition = _definition(connection, table)
        if definition and not definition.endswith(KEYED):
            with transaction.atomic(using=using):
                _rebuild(connection, table, definition)


def _definition(connection: BaseDatabaseWrapper, table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def _rebuild(connection: BaseDatabaseWrapper, table: str, definition: str) -> None:
    for guard in guards.GUARDS:
        triggers.remove(connection, guard)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table])
        indexes = [sql for (sql,) in cursor.fetchall()]
        cursor.execute(definition.replace(f'"{table}"', f'"{table}_by_key"', 1) + f" {KEYED}")
        cursor.execute(f'INSERT INTO "{table}_by_key" SELECT * FROM "{table}"')
        cursor.execute(f'DROP TABLE "{table}"')
        cursor.execute(f'ALTER TABLE "{table}_by_key" RENAME TO "{table}"')
        for index in indexes:
            cursor.execute(index)
