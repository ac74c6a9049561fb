"""System checks of profiles, run by `manage.py check --database default` and by migrate."""

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections

from profiles import ledger


def ledger_is_guarded(
    app_configs: Iterable[AppConfig] | None = None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A warning per database whose consent ledger could be rewritten.

    Not an error: migrate, which repairs it, refuses to run on errors.
    """
    unguarded = [alias for alias in databases or [] if ledger.missing_triggers(connections[alias])]
    return [
        checks.Warning(
            f"The consent ledger of the database {alias!r} has lost its guard.",
            hint="Run manage.py migrate: it installs the triggers again.",
            id="profiles.W001",
        )
        for alias in unguarded
    ]
