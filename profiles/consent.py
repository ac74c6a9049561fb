"""The only code that changes an opt-out. Every change leaves one row in the ledger, in the same transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction
from django.db.models import BooleanField, CharField, DateTimeField, F, QuerySet, Value
from django.utils import timezone

from profiles import aliases, bulk, bulkrows, erased, prepared
from profiles.actors import actor
from profiles.channels import OPT_OUT_FIELDS, Channel
from profiles.models import ConsentEvent, Profile, Service, Source

__all__ = [
    "Evidence",
    "actor",
    "apply_choices",
    "apply_to_held",
    "insert_profiles",
    "opt_out",
    "opt_out_set",
    "record_new",
    "record_subscription",
    "record_subscriptions",
]


@dataclass(frozen=True)
class Evidence:
    """Where a choice was made and what the person saw: copied into every ledger row of one act."""

    wording: str = ""
    delivery_id: int | None = None
    delivery_label: str = ""
    page_version_id: int | None = None
    page_label: str = ""
    detail: str = ""
    request_id: str = ""
    ip: str = ""


NO_EVIDENCE = Evidence()
NO_WORDINGS: Mapping[str, str] = {}


def apply_choices(
    profile: Profile,
    choices: Mapping[str, bool],
    *,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
    wordings: Mapping[str, str] = NO_WORDINGS,
) -> list[ConsentEvent]:
    """Tick and untick boxes of one profile; `choices` is scope -> ticked, scopes left out stay as they are.

    Each ledger row keeps the wording of its own box, where `wordings` has one. Returns the rows written: none where
    everything was so already. The profile in hand is brought up to date.
    """
    with transaction.atomic(savepoint=False):
        current = aliases.held(profile.pk)
        events = apply_to_held(current, choices, source=source, by=by, evidence=evidence, wordings=wordings)
    for field in OPT_OUT_FIELDS.values():
        setattr(profile, field, getattr(current, field))
    return events


def apply_to_held(
    profile: Profile,
    choices: Mapping[str, bool],
    *,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
    wordings: Mapping[str, str] = NO_WORDINGS,
) -> list[ConsentEvent]:
    """The same for a profile that the caller has just read and holds until its transaction ends (profiles.aliases.held).

    Clearing a channel's box also forgets that its address was erased while it was silent.
    """
    stored = profile.choices
    changed = {scope: ticked for scope, ticked in choices.items() if stored[scope] != ticked}
    if not changed:
        return []
    _write_boxes(profile.pk, changed, by=actor(by))
    events = [
        ConsentEvent(profile=profile, before=not ticked, after=ticked, **_common(scope, source, by, evidence))
        for scope, ticked in changed.items()
    ]
    for event in events:
        event.wording = wordings.get(event.scope, event.wording)
    prepared.insert(events)
    for channel in Channel.addressed():
        if changed.get(channel.value) is False:
            erased.forget(channel, getattr(profile, channel.address_field))
    for scope, ticked in changed.items():
        setattr(profile, OPT_OUT_FIELDS[scope], ticked)
    return events


def opt_out(
    profile: Profile,
    scope: str,
    *,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
) -> list[ConsentEvent]:
    """Tick one box, a channel's or ANY_CHANNEL's; ticking it again writes nothing."""
    return apply_choices(profile, {scope: True}, source=source, by=by, evidence=evidence)


def opt_out_set(
    profiles: QuerySet[Profile],
    scope: str,
    *,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
) -> int:
    """Tick one box of every profile of the set, in a constant number of statements; the number of profiles changed."""
    field = OPT_OUT_FIELDS[scope]

    def act() -> int:
        # Rows opted out by somebody else while we waited for the lock drop out of the set: one ledger row per change.
        affected = profiles.filter(**{field: False}).order_by()
        if not bulk.lock(affected):
            return 0
        values = {"before": False, "after": True, "service_label": "", **_common(scope, source, by, evidence)}
        written = _insert_for(affected, values)
        changes = {field: True, "revision": F("revision") + 1, "modified_at": timezone.now(), "modified_by": actor(by)}
        if affected.update(**changes) != written:
            raise bulk.Unsettled
        return written

    return bulk.until_settled(act)


def record_new(
    profiles: list[Profile], *, source: Source, by: AbstractUser | str | None = None, evidence: Evidence = NO_EVIDENCE
) -> int:
    """Ledger rows for the boxes that profiles were created with; to be called in the transaction that creates them."""
    events = [
        ConsentEvent(profile=profile, before=False, after=True, **_common(scope, source, by, evidence))
        for profile in profiles
        for scope, ticked in profile.choices.items()
        if ticked
    ]
    ConsentEvent.objects.bulk_create(events, batch_size=2000)
    return len(events)


def insert_profiles(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    constants: Mapping[str, Any],
    *,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
) -> int:
    """Create many profiles, their boxes as the rows say and a ledger row for each ticked one; the number of ticked boxes.

    `columns` starts with id and is in the order of the values, which are those of the database driver; `constants` are
    the same for all of them.
    """
    boxes = [(columns.index(field), scope) for scope, field in OPT_OUT_FIELDS.items() if field in columns]
    common = {"before": False, "after": True, "service_label": "", **_common("", source, by, evidence)}
    same = {name: value for name, value in common.items() if value is not None and name != "scope"}
    ticked = list[tuple[int, str]]()

    def noted() -> Iterator[Sequence[Any]]:
        for row in rows:
            for place, scope in boxes:
                if row[place]:
                    ticked.append((row[0], scope))
            yield row

    with transaction.atomic():
        bulkrows.insert(Profile, columns, noted(), constants)
        if ticked:
            bulkrows.insert(ConsentEvent, ("profile_id", "scope"), ticked, same | {"at": bulkrows.moment(common["at"])})
    return len(ticked)


def record_subscription(
    profile: Profile,
    service: Service,
    *,
    subscribed: bool,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
) -> ConsentEvent:
    """The ledger row of a subscription that was just made or ended (profiles.subscriptions)."""
    common = _common("service", source, by, evidence)
    return ConsentEvent.objects.create(
        profile=profile, service=service, service_label=service.label, before=subscribed, after=not subscribed, **common
    )


def record_subscriptions(
    profiles: QuerySet[Profile],
    service: Service,
    *,
    subscribed: bool,
    source: Source,
    by: AbstractUser | str | None = None,
    evidence: Evidence = NO_EVIDENCE,
) -> int:
    """The ledger rows of a set of locked profiles whose subscriptions are made or ended in this transaction; one statement."""
    common = _common("service", source, by, evidence)
    values = {"before": subscribed, "after": not subscribed, "service": service.pk, "service_label": service.label, **common}
    return _insert_for(profiles, values)


def _insert_for(profiles: QuerySet[Profile], values: Mapping[str, Any]) -> int:
    """One ledger row with these values for each profile of the set, without passing through Python."""
    constants = {f"new_{name}": _constant(name, value) for name, value in values.items() if value is not None}
    rows = profiles.order_by().annotate(**constants).values_list("pk", *constants)
    return bulk.insert_from(rows, into=ConsentEvent, columns=["profile", *(name.removeprefix("new_") for name in constants)])


def _write_boxes(pk: int, changed: Mapping[str, bool], *, by: str) -> None:
    boxes = "".join(f"{OPT_OUT_FIELDS[scope]} = %s, " for scope in changed)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with prepared.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {Profile._meta.db_table} SET {boxes}revision = revision + 1, modified_at = %s, modified_by = %s
            WHERE id = %s""",
            [*changed.values(), now, by, pk],
        )


def _common(scope: str, source: Source, by: AbstractUser | str | None, evidence: Evidence) -> dict[str, Any]:
    by_id = by.pk if isinstance(by, AbstractUser) else None
    return {"scope": scope, "source": source, "at": timezone.now(), "by": actor(by), "by_id": by_id, **vars(evidence)}


def _constant(name: str, value: Any) -> Value:
    field = ConsentEvent._meta.get_field(name)
    kind = next((kind for kind in (BooleanField, DateTimeField) if isinstance(field, kind)), None)
    if kind is None and isinstance(value, int):
        return Value(value)
    return Value(value, output_field=kind() if kind else CharField())
