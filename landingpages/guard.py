"""A published version never changes: visitors, submissions and the ledger rely on it."""

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections

from profiles import triggers

TABLE = "landingpages_publishedversion"
FROZEN = "a published version is frozen"
VERSION_GUARD = triggers.Guard(
    table=TABLE,
    sqlite={
        f"published_version_refuses_{verb.lower()}": f"""
            CREATE TRIGGER published_version_refuses_{verb.lower()} BEFORE {verb} ON {TABLE}
            BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"""
        for verb in ("UPDATE", "DELETE")
    },
    functions={
        "refuse_version_change": f"""
            CREATE OR REPLACE FUNCTION refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'integrity_constraint_violation';
            END $$"""
    },
    postgresql={
        f"published_version_refuses_{verb.lower()}": f"""
            CREATE TRIGGER published_version_refuses_{verb.lower()} BEFORE {verb} ON {TABLE}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_version_change()"""
        for verb in ("UPDATE", "DELETE", "TRUNCATE")
    },
)


def install_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    if TABLE in connections[using].introspection.table_names():
        triggers.install(connections[using], VERSION_GUARD)


def versions_are_guarded(
    app_configs: Iterable[AppConfig] | None = None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A warning per database where a published version could be changed; migrate repairs it."""
    return [
        checks.Warning(
            f"The published landing pages of the database {alias!r} have lost their guard.",
            hint="Run manage.py migrate: it installs the triggers again.",
            id="landingpages.W001",
        )
        for alias in databases or []
        if _is_unguarded(alias)
    ]


def _is_unguarded(alias: str) -> bool:
    connection = connections[alias]
    return TABLE in connection.introspection.table_names() and bool(triggers.missing(connection, VERSION_GUARD))
