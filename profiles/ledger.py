"""The ledger's guard, and the replay that shows that the boxes agree with it."""

from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Subquery, Value, When, Window
from django.db.models.functions import Coalesce, Lag
from django.utils.translation import gettext as _

from profiles import triggers
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.models import ConsentEvent, Profile, ProfileAlias, Scope, Subscription

TABLE = "profiles_consentevent"
ERASING = "profiles_erasing"


def _append_only(table: str, prefix: str, what: str) -> triggers.Guard:
    """UPDATE and DELETE (PostgreSQL: TRUNCATE too) end with "… is append-only"."""
    function = f"refuse_{prefix}_change"
    return triggers.Guard(
        table=table,
        sqlite={
            f"{prefix}_refuses_{verb.lower()}": f"""
                CREATE TRIGGER {prefix}_refuses_{verb.lower()} BEFORE {verb} ON {table}
                BEGIN SELECT RAISE(ABORT, '{what} is append-only'); END"""
            for verb in ("UPDATE", "DELETE")
        },
        functions={
            function: f"""
                CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION '{what} is append-only' USING ERRCODE = 'integrity_constraint_violation';
                END $$"""
        },
        postgresql={
            f"{prefix}_refuses_{verb.lower()}": f"""
                CREATE TRIGGER {prefix}_refuses_{verb.lower()} BEFORE {verb} ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION {function}()"""
            for verb in ("UPDATE", "DELETE", "TRUNCATE")
        },
    )


def _but_for_erasure(guard: triggers.Guard) -> triggers.Guard:
    """The same, but the events of a profile that has its row in profiles_erasing may be deleted."""
    erased = f"EXISTS (SELECT 1 FROM {ERASING} WHERE profile_id = OLD.profile_id)"
    name = "consent_ledger_refuses_delete"
    return triggers.Guard(
        table=guard.table,
        sqlite={
            **guard.sqlite,
            name: f"""
                CREATE TRIGGER {name} BEFORE DELETE ON {guard.table} WHEN NOT {erased}
                BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END""",
        },
        functions={
            **guard.functions,
            "refuse_ledger_delete": f"""
                CREATE OR REPLACE FUNCTION refuse_ledger_delete() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF {erased} THEN RETURN OLD; END IF;
                    RAISE EXCEPTION 'the consent ledger is append-only' USING ERRCODE = 'integrity_constraint_violation';
                END $$""",
        },
        postgresql={
            **guard.postgresql,
            name: f"""
                CREATE TRIGGER {name} BEFORE DELETE ON {guard.table}
                FOR EACH ROW EXECUTE FUNCTION refuse_ledger_delete()""",
        },
    )


GUARD = _but_for_erasure(_append_only(TABLE, "consent_ledger", "the consent ledger"))
SEAL_GUARDS = (
    _append_only("profiles_seal", "seals", "the seals of the consent ledger"),
    _append_only("profiles_sealedbatch", "sealed_batches", "the chain of sealed batches"),
    _append_only(ERASING, "erasing", "the record of erasures"),
)
GUARDS = (GUARD, *SEAL_GUARDS)


def install_ledger_guard(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse to rewrite the ledger, its seals and the record of erasures."""
    tables = connection.introspection.table_names()
    for guard in GUARDS:
        if guard.table in tables:
            triggers.install(connection, guard)


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the guards' triggers that the database lacks; none before the tables exist."""
    tables = connection.introspection.table_names()
    return [name for guard in GUARDS if guard.table in tables for name in triggers.missing(connection, guard)]


def install_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    install_ledger_guard(connections[using])


def disagreements(using: str = "default") -> Iterator[str]:
    """One sentence per fault: a box that the ledger does not explain, an event that does not follow its predecessor.

    Streams: memory does not grow with the number of profiles or events.
    """
    yield from _unexplained_boxes(using)
    yield from _unexplained_subscriptions(using)
    yield from _lost_subscriptions(using)
    yield from _broken_chains(using)
    yield from _forgotten_by_merges(using)


def _unexplained_boxes(using: str) -> Iterator[str]:
    for scope, field in OPT_OUT_FIELDS.items():
        latest = ConsentEvent.objects.filter(profile=OuterRef("pk"), scope=scope).order_by("-pk").values("after")[:1]
        replayed = Coalesce(Subquery(latest), Value(False), output_field=BooleanField())
        wrong = Profile.objects.using(using).annotate(replayed=replayed).exclude(**{field: F("replayed")})
        for pk, box in wrong.order_by("pk").values_list("pk", field).iterator(chunk_size=1000):
            yield _("Profile %(profile)s: “%(box)s” is %(stored)s, the ledger says %(replayed)s.") % {
                "profile": pk,
                "box": OPT_OUT_LABELS[scope],
                "stored": _("ticked") if box else _("not ticked"),
                "replayed": _("not ticked") if box else _("ticked"),
            }


def _unexplained_subscriptions(using: str) -> Iterator[str]:
    latest = (
        ConsentEvent.objects.filter(profile=OuterRef("profile"), scope=Scope.SERVICE, service=OuterRef("service"))
        .order_by("-pk")
        .values("after")[:1]
    )
    wrong = (
        Subscription.objects.using(using).annotate(unsubscribed=Coalesce(Subquery(latest), Value(True))).filter(unsubscribed=True)
    )
    for profile, service in wrong.order_by("pk").values_list("profile_id", "service__label").iterator(chunk_size=1000):
        yield _("Profile %(profile)s is subscribed to “%(service)s”, the ledger says not.") % {
            "profile": profile,
            "service": service,
        }


def _lost_subscriptions(using: str) -> Iterator[str]:
    same = ConsentEvent.objects.filter(profile=OuterRef("profile"), scope=Scope.SERVICE, service=OuterRef("service"))
    kept = Subscription.objects.filter(profile=OuterRef("profile"), service=OuterRef("service"))
    known = Profile.objects.filter(pk=OuterRef("profile"))
    lost = (
        ConsentEvent.objects.using(using)
        .filter(scope=Scope.SERVICE, after=False)
        .filter(~Exists(same.filter(pk__gt=OuterRef("pk"))), ~Exists(kept), Exists(known))
    )
    for profile, service in lost.order_by("pk").values_list("profile_id", "service_label").iterator(chunk_size=1000):
        yield _("Profile %(profile)s is not subscribed to “%(service)s”, the ledger says so.") % {
            "profile": profile,
            "service": service,
        }


def _broken_chains(using: str) -> Iterator[str]:
    last = Window(Lag("after"), partition_by=[F("profile"), F("scope"), F("service")], order_by=F("pk").asc())
    # Before the first event every box is clear, and nobody is subscribed.
    start = Case(When(scope=Scope.SERVICE, then=True), default=False)
    wrong = ConsentEvent.objects.using(using).annotate(previous=Coalesce(last, start)).exclude(before=F("previous"))
    for pk, profile in wrong.order_by("pk").values_list("pk", "profile_id").iterator(chunk_size=1000):
        yield _("Event %(event)s of profile %(profile)s does not start where the one before it ended.") % {
            "event": pk,
            "profile": profile,
        }


def _forgotten_by_merges(using: str) -> Iterator[str]:
    """A box that a merged-away profile ended with, and of which nobody heard that it was merged into.

    Whom it was merged into may have been merged since: its own alias was written later, with the same winner.
    """
    between = ProfileAlias.objects.filter(winner=OuterRef(OuterRef("winner")), pk__gt=OuterRef(OuterRef("pk")))
    for scope in OPT_OUT_FIELDS:
        events = ConsentEvent.objects.filter(scope=scope)
        latest = events.filter(profile=OuterRef("former_id")).order_by("-pk").values("after")[:1]
        heard = events.filter(Q(profile=OuterRef("winner")) | Q(profile__in=between.values("former_id")), after=True)
        lost = ProfileAlias.objects.using(using).annotate(ended=Subquery(latest)).filter(~Exists(heard), ended=True)
        for former, winner in lost.order_by("pk").values_list("former_id", "winner_id").iterator(chunk_size=1000):
            yield _("“%(box)s” was ticked for profile %(former)s, and is not for profile %(winner)s that it was merged into.") % {
                "box": OPT_OUT_LABELS[scope],
                "former": former,
                "winner": winner,
            }
