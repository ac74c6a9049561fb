"""Triggers that keep a preparation as it was when it became ready, and its sum true."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connection, connections

from profiles import triggers
from profiles.triggers import Guard

MESSAGES = "deliveries_message"
CAUSES = "deliveries_exclusioncause"
PREPARATIONS = "deliveries_preparation"

READY = f"(SELECT status FROM {PREPARATIONS} WHERE id = {{row}}.preparation_id) = 'ready'"
FROZEN = "a ready preparation is frozen"
# The one thing that may change: the address goes with a profile that is being erased; the verdict and the sum stay.
ADDRESS_IS_ERASED = """(NEW.address = '' AND NEW.preparation_id = OLD.preparation_id AND NEW.profile_id = OLD.profile_id
    AND NEW.exclusion = OLD.exclusion AND NEW.detail = OLD.detail
    AND EXISTS (SELECT 1 FROM profiles_erasing WHERE profiles_erasing.profile_id = OLD.profile_id))"""
CHANGES = {
    "INSERT": READY.format(row="NEW"),
    "UPDATE": f"{READY.format(row='OLD')} OR {READY.format(row='NEW')}",
    "DELETE": READY.format(row="OLD"),
}
WRONG_SUM = "the counts of the preparation are not those of its messages"
BORN_READY = "a preparation becomes ready once its messages are there"

MESSAGE_GUARD = Guard(
    table=MESSAGES,
    sqlite={
        "ready_messages_refuse_insert": f"""
            CREATE TRIGGER ready_messages_refuse_insert BEFORE INSERT ON {MESSAGES} WHEN {READY.format(row="NEW")}
            BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
        "ready_messages_refuse_update": f"""
            CREATE TRIGGER ready_messages_refuse_update
            BEFORE UPDATE OF preparation_id, profile_id, address, exclusion, detail ON {MESSAGES}
            WHEN ({READY.format(row="OLD")} OR {READY.format(row="NEW")}) AND NOT {ADDRESS_IS_ERASED}
            BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
        "ready_messages_refuse_delete": f"""
            CREATE TRIGGER ready_messages_refuse_delete BEFORE DELETE ON {MESSAGES} WHEN {READY.format(row="OLD")}
            BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    },
    functions={
        "refuse_ready_change": f"""
            CREATE OR REPLACE FUNCTION refuse_ready_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    IF {ADDRESS_IS_ERASED} THEN RETURN NEW; END IF;
                END IF;
                IF {READY.format(row="OLD")} OR TG_OP = 'UPDATE' AND {READY.format(row="NEW")} THEN
                    RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            END $$""",
        "refuse_ready_insert": f"""
            CREATE OR REPLACE FUNCTION refuse_ready_insert() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (
                    SELECT 1 FROM (SELECT DISTINCT preparation_id FROM added) AS touched
                    JOIN {PREPARATIONS} ON {PREPARATIONS}.id = touched.preparation_id WHERE status = 'ready'
                ) THEN
                    RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NULL;
            END $$""",
    },
    postgresql={
        # A statement trigger with a transition table: a row trigger makes the INSERT four times as long.
        "ready_messages_refuse_insert": f"""
            CREATE TRIGGER ready_messages_refuse_insert AFTER INSERT ON {MESSAGES}
            REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_ready_insert()""",
        "ready_messages_refuse_update": f"""
            CREATE TRIGGER ready_messages_refuse_update
            BEFORE UPDATE OF preparation_id, profile_id, address, exclusion, detail ON {MESSAGES}
            FOR EACH ROW EXECUTE FUNCTION refuse_ready_change()""",
        "ready_messages_refuse_delete": f"""
            CREATE TRIGGER ready_messages_refuse_delete BEFORE DELETE ON {MESSAGES}
            FOR EACH ROW EXECUTE FUNCTION refuse_ready_change()""",
    },
)

CAUSE_GUARD = Guard(
    table=CAUSES,
    sqlite={
        f"ready_causes_refuse_{act.lower()}": f"""
            CREATE TRIGGER ready_causes_refuse_{act.lower()} BEFORE {act} ON {CAUSES} WHEN {condition}
            BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"""
        for act, condition in CHANGES.items()
    },
    functions={
        "refuse_cause_change": f"""
            CREATE OR REPLACE FUNCTION refuse_cause_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP <> 'INSERT' AND {READY.format(row="OLD")} OR TG_OP <> 'DELETE' AND {READY.format(row="NEW")} THEN
                    RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            END $$""",
    },
    postgresql={
        "ready_causes_refuse_change": f"""
            CREATE TRIGGER ready_causes_refuse_change BEFORE INSERT OR UPDATE OR DELETE ON {CAUSES}
            FOR EACH ROW EXECUTE FUNCTION refuse_cause_change()""",
    },
)

BECOMES_READY = "NEW.status = 'ready' AND OLD.status <> 'ready'"
RECOUNT = f"""SELECT COUNT(*) AS targeted, COUNT(*) FILTER (WHERE exclusion = '') AS to_deliver
    FROM {MESSAGES} WHERE preparation_id = NEW.id"""
SUM_IS_WRONG = f"""EXISTS (SELECT 1 FROM ({RECOUNT}) AS counted
        WHERE counted.targeted <> NEW.targeted OR counted.to_deliver <> NEW.to_deliver)
    OR (SELECT COALESCE(SUM(volume), 0) FROM deliveries_exclusioncause WHERE preparation_id = NEW.id) <> NEW.excluded"""
STAYS_READY_BUT_CHANGES = """OLD.status = 'ready' AND (
    NEW.targeted <> OLD.targeted OR NEW.to_deliver <> OLD.to_deliver OR NEW.excluded <> OLD.excluded
    OR NEW.status NOT IN ('ready', 'superseded') OR CAST(NEW.content AS text) <> CAST(OLD.content AS text)
    OR CAST(NEW.rules AS text) <> CAST(OLD.rules AS text))"""

PREPARATION_GUARD = Guard(
    table=PREPARATIONS,
    sqlite={
        "ready_preparation_adds_up": f"""
            CREATE TRIGGER ready_preparation_adds_up BEFORE UPDATE ON {PREPARATIONS} WHEN {BECOMES_READY}
            BEGIN SELECT RAISE(ABORT, '{WRONG_SUM}') WHERE {SUM_IS_WRONG}; END""",
        "no_preparation_is_born_ready": f"""
            CREATE TRIGGER no_preparation_is_born_ready BEFORE INSERT ON {PREPARATIONS} WHEN NEW.status = 'ready'
            BEGIN SELECT RAISE(ABORT, '{BORN_READY}'); END""",
        "ready_preparation_is_frozen": f"""
            CREATE TRIGGER ready_preparation_is_frozen BEFORE UPDATE ON {PREPARATIONS} WHEN {STAYS_READY_BUT_CHANGES}
            BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    },
    functions={
        "check_preparation_sum": f"""
            CREATE OR REPLACE FUNCTION check_preparation_sum() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {SUM_IS_WRONG} THEN
                    RAISE EXCEPTION '{WRONG_SUM}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NEW;
            END $$""",
        "refuse_ready_birth": f"""
            CREATE OR REPLACE FUNCTION refuse_ready_birth() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{BORN_READY}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        "refuse_preparation_change": f"""
            CREATE OR REPLACE FUNCTION refuse_preparation_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    },
    postgresql={
        "ready_preparation_adds_up": f"""
            CREATE TRIGGER ready_preparation_adds_up BEFORE UPDATE ON {PREPARATIONS}
            FOR EACH ROW WHEN ({BECOMES_READY}) EXECUTE FUNCTION check_preparation_sum()""",
        "no_preparation_is_born_ready": f"""
            CREATE TRIGGER no_preparation_is_born_ready BEFORE INSERT ON {PREPARATIONS}
            FOR EACH ROW WHEN (NEW.status = 'ready') EXECUTE FUNCTION refuse_ready_birth()""",
        "ready_preparation_is_frozen": f"""
            CREATE TRIGGER ready_preparation_is_frozen BEFORE UPDATE ON {PREPARATIONS}
            FOR EACH ROW WHEN ({STAYS_READY_BUT_CHANGES}) EXECUTE FUNCTION refuse_preparation_change()""",
    },
)
GUARDS = (MESSAGE_GUARD, CAUSE_GUARD, PREPARATION_GUARD)


def install_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    tables = connections[using].introspection.table_names()
    for guard in GUARDS:
        if guard.table in tables:
            triggers.install(connections[using], guard)


@contextmanager
def aside(guard: Guard, name: str) -> Iterator[None]:
    """On SQLite, without this trigger for the transaction in hand, which holds the only write lock and is rolled back whole.

    For rows of a running preparation alone: asked row by row, the trigger takes a third of the INSERT. PostgreSQL asks it
    once for a statement.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}")
        yield
        cursor.execute(guard.sqlite[name])


def sums_are_guarded(
    app_configs: Iterable[AppConfig] | None = None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A warning per database where a ready preparation could be changed; migrate repairs it."""
    return [
        checks.Warning(
            f"The preparations of the database {alias!r} have lost their guard.",
            hint="Run manage.py migrate: it installs the triggers again.",
            id="deliveries.W001",
        )
        for alias in databases or []
        if _unguarded(alias)
    ]


def _unguarded(alias: str) -> bool:
    tables = connections[alias].introspection.table_names()
    return any(triggers.missing(connections[alias], guard) for guard in GUARDS if guard.table in tables)
