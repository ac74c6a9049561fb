"""Prepare a delivery: compute the target, explain everybody left out, freeze it. Nothing is sent.

start() and cancel() are the operator's; run() is the worker's. Each range of profile ids is one transaction with its
progress, so a preparation that was cut off goes on where it stood, on any worker. A former result stays the valid one
until the new one is ready; the switch is one UPDATE.
"""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from deliveries import (
    controls,
    journal,
    lifecycle,
    pacing,
    pictures,
    planning,
    rendering,
    targeting,
    typologies,
    waves,
    wholes,
    withholding,
)
from deliveries.journal import Line
from deliveries.models import Batch, Delivery, ExclusionCause, Level, Message, Preparation
from deliveries.statuses import OWN_RULES, DeliveryStatus, InvalidTransition, PreparationStatus
from profiles import audiences, prepared, registering
from profiles.consent import actor
from profiles.models import Profile

logger = logging.getLogger("heed.worker")
FAULTY = noop("Preparation failed: %(why)s")
BROKEN = noop("Preparation failed: an unexpected error stopped it (%(error)s); the log of the worker has the details.")
DATABASE_AWAY = (OperationalError, InterfaceError)  # restarting, or somebody held a row for too long
WITH_ERRORS = noop("Preparation completed in %(seconds)s s. Errors: %(errors)s. Correct them and prepare again.")
WITH_WARNINGS = noop(
    "Preparation completed in %(seconds)s s: %(targeted)s targeted, %(to_deliver)s to deliver. Warnings: %(warnings)s."
)
WITHOUT_FINDINGS = noop("Preparation completed in %(seconds)s s: %(targeted)s targeted, %(to_deliver)s to deliver.")
SUMMARIES = (WITH_ERRORS, WITH_WARNINGS, WITHOUT_FINDINGS)
BATCHES_AT_ONCE = 1000
ALL = sys.maxsize
FOLLOWING = f"""SELECT profile_id FROM {Message._meta.db_table}
    WHERE preparation_id = %s AND profile_id > %s AND exclusion = '' ORDER BY profile_id LIMIT 1 OFFSET %s"""


class Interrupted(Exception):
    """The preparation was cancelled, or another worker took it over: nothing more is written."""


def start(delivery: Delivery, *, by: AbstractUser | str, where: Q | None = None) -> Preparation:
    """Ask the workers for a new preparation, with the content, audience and plan as they are now. A confirmation is over.

    `where`: it is the one ahead of the date, if this is still true. One that an operator asks for does not stand for it.
    """
    with transaction.atomic():
        allowed = Q(is_template=False) & (where or Q())
        ahead = {"prepares_at": None} if where else {}
        lifecycle.move(delivery, DeliveryStatus.PREPARING, where=allowed, **ahead, **lifecycle.NOT_CONFIRMED)
        pictures.hold(delivery)
        number = (delivery.preparations.aggregate(last=Max("number"))["last"] or 0) + 1
        preparation = Preparation.objects.create(
            delivery=delivery,
            number=number,
            content=rendering.pin(delivery) | {"contact_at": planning.as_pinned(delivery.contact_at)},
            audience=delivery.audience,
            rules=typologies.pin(delivery),
            created_by=actor(by),
        )
        _write(preparation, Line(noop("Preparation %(number)s started by %(by)s."), {"number": number, "by": actor(by)}))
    return preparation


def cancel(delivery: Delivery, *, by: AbstractUser | str) -> None:
    """Give up the running preparation; the former result, where there is one, is valid again."""
    with transaction.atomic():
        # Locked: a worker that claims it, or completes it, at this moment is waited for.
        running = delivery.preparations.select_for_update().filter(status=PreparationStatus.RUNNING).first()
        if running is None:
            raise InvalidTransition(noop("No preparation is running."))
        line = Line(noop("Preparation cancelled by %(by)s."), {"by": actor(by)}, Level.WARNING)
        _give_up(running, PreparationStatus.CANCELLED, line)


def claim(worker: str) -> Preparation | None:
    """A running preparation that no living worker holds, now held by this one for LEASE_SECONDS."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    for preparation in Preparation.objects.filter(free, status=PreparationStatus.RUNNING).order_by("pk")[:5]:
        held = Preparation.objects.filter(free, pk=preparation.pk, status=PreparationStatus.RUNNING)
        if held.update(lease_until=_lease(), worker=worker):
            preparation.worker = worker
            return preparation
    return None


def run(preparation: Preparation, *, asks_outside: bool = True) -> None:
    """Do the whole of a claimed preparation. On a mistake in the audience, or in the program, the delivery goes back, with
    the reason; where the database is away the error is raised, and the next worker goes on when the lease ends.

    `asks_outside`: its own unsubscription link is tried, which waits for the network.
    """
    with suppress(Interrupted):
        try:
            _do(preparation, asks_outside=asks_outside)
        except (Interrupted, *DATABASE_AWAY):
            raise
        except audiences.InvalidAudience as error:
            _fail(preparation, Line(FAULTY, {"why": error.kept}, Level.ERROR))
        except Exception as error:
            logger.exception("preparation %s failed", preparation.pk)
            # Its name alone: what an error says may quote people.
            _fail(preparation, Line(BROKEN, {"error": type(error).__name__}, Level.ERROR))


def _do(preparation: Preparation, *, asks_outside: bool) -> None:
    began = time.monotonic()
    if preparation.highest_id is None:
        _fix_target(preparation)
    while preparation.next_id < (highest := preparation.highest_id or 0):
        _write_range(preparation)
        if preparation.next_id < highest:
            time.sleep(settings.PAUSE_SECONDS)
    _complete(preparation, seconds=time.monotonic() - began, asks_outside=asks_outside)


def _fail(preparation: Preparation, line: Line) -> None:
    with transaction.atomic():
        _give_up(preparation, PreparationStatus.FAILED, line)


def _fix_target(preparation: Preparation) -> None:
    """The highest profile id, and whom the rules leave out that look at more than one person: decided once, whatever
    happens to profiles meanwhile. Cut off, it is done anew."""
    with transaction.atomic():
        # An import that is being written has lower ids already: afterwards they would be targeted without being compared.
        registering.take_turn()
        highest = Profile.objects.aggregate(highest=Max("pk"))["highest"] or 0
    with transaction.atomic():
        _update(preparation)
        preparation.withheld.all().delete()
    preparation.highest_id = highest
    for rule in preparation.rules:
        if (chosen := withholding.chosen(preparation, rule)) is not None:
            with transaction.atomic():
                _update(preparation)
                withholding.note(chosen, preparation, rule)
    with transaction.atomic():
        _update(preparation, highest_id=highest)


def _write_range(preparation: Preparation) -> None:
    above = preparation.next_id
    up_to = min(above + settings.PREPARATION_RANGE, preparation.highest_id or 0)
    with transaction.atomic():
        wholes.commit_without_waiting()
        _update(preparation, next_id=up_to)
        targeting.write_messages(preparation, above=above, up_to=up_to)


def _complete(preparation: Preparation, *, seconds: float, asks_outside: bool) -> None:
    """Count, cut into batches, check the content, and switch: from here on the database refuses any change.

    Only the switch is one transaction: on SQLite everybody else waits while it is open.
    """
    if (preparation.highest_id or 0) >= settings.PREPARATION_RANGE:
        wholes.learn(Message)
    causes = _causes(preparation)
    to_deliver = _write_batches(preparation)
    excluded = sum(cause.volume for cause in causes)
    targeted = to_deliver + excluded
    found = controls.findings(preparation.content, preparation, outside=asks_outside)
    found += _plan_findings(preparation.delivery, to_deliver)
    with transaction.atomic():
        _update(preparation)
        preparation.causes.all().delete()
        ExclusionCause.objects.bulk_create(causes)
        for line in [*found, _summary(targeted, to_deliver, seconds, found)]:
            _write(preparation, line)
        _update(
            preparation,
            status=PreparationStatus.READY,
            targeted=targeted,
            to_deliver=to_deliver,
            excluded=excluded,
            lease_until=None,
            ended_at=timezone.now(),
        )
        former = preparation.delivery.preparation_id
        lifecycle.move(preparation.delivery, DeliveryStatus.READY, only_from=DeliveryStatus.PREPARING, preparation=preparation)
        Preparation.objects.filter(pk__in=[former] if former else []).update(status=PreparationStatus.SUPERSEDED)
        preparation.withheld.all().delete()


def _plan_findings(delivery: Delivery, total: int) -> list[Line]:
    return [*waves.findings(delivery, total), *pacing.findings(delivery, total)]


def _causes(preparation: Preparation) -> list[ExclusionCause]:
    """One cause per rule and detail, and a zero for each rule that hit nobody.

    Of the excluded alone: a group of nearly all rows is what a database sorts or hashes longest.
    """
    groups = preparation.messages.excluded().values("exclusion", "detail").annotate(volume=Count("*")).order_by()
    with wholes.planned_for_many():
        rows = [ExclusionCause(preparation=preparation, **group) for group in groups]
    hit = {(row.exclusion, row.detail if row.exclusion in OWN_RULES.values() else "") for row in rows}
    missed = [cause for cause in typologies.causes(preparation.rules) if cause not in hit]
    return rows + [ExclusionCause(preparation=preparation, exclusion=rule, detail=code, volume=0) for rule, code in missed]


def _write_batches(preparation: Preparation) -> int:
    """Cut those to deliver, in the order of their ids, into ranges of one wave and at most the batch size; how many they are.

    Nobody works on the batches of a preparation that is not ready. Cut off, they are cut anew.
    """
    with transaction.atomic():
        _update(preparation)
        preparation.batches.all().delete()
    cut, to_deliver = _batches(preparation), 0
    while some := list(islice(cut, BATCHES_AT_ONCE)):
        with transaction.atomic():
            _update(preparation)
            Batch.objects.bulk_create(some)
        to_deliver += sum(batch.total for batch in some)
    return to_deliver


def _batches(preparation: Preparation) -> Iterator[Batch]:
    """Each found by the primary key: numbering every row with a window took three times as long on SQLite."""
    now, above = timezone.now(), 0
    most = pacing.batch_size(preparation.delivery)
    for wave, left in _waves(preparation):
        while left:
            high, total = _following(preparation, above, min(most, left))
            if not total:
                return
            yield Batch(preparation=preparation, low=above + 1, high=high, total=total, due_at=now, wave=wave)
            above, left = high, left - total


def _waves(preparation: Preparation) -> Iterable[tuple[int, int]]:
    """Each wave with its size. Without waves nobody is counted for it: the batches tell."""
    waves_of_it = preparation.delivery.waves
    return waves.sizes(waves_of_it, preparation.messages.to_deliver().count()) if waves_of_it else [(0, ALL)]


def _following(preparation: Preparation, above: int, most: int) -> tuple[int, int]:
    """The profile id at which the next so many end, and how many they are: fewer only where there are no more."""
    with prepared.cursor() as cursor:
        cursor.execute(FOLLOWING, [preparation.pk, above, most - 1])
        if found := cursor.fetchone():
            return found[0], most
    last = preparation.messages.to_deliver().filter(profile_id__gt=above).aggregate(high=Max("profile_id"), total=Count("*"))
    return last["high"], last["total"]


def _give_up(preparation: Preparation, status: PreparationStatus, line: Line) -> None:
    _update(preparation, status=status, lease_until=None, ended_at=timezone.now())
    back = DeliveryStatus.READY if preparation.delivery.preparation_id else DeliveryStatus.EDITING
    lifecycle.move(preparation.delivery, back, only_from=DeliveryStatus.PREPARING)
    _write(preparation, line)


def _update(preparation: Preparation, **fields: object) -> None:
    """The guarded UPDATE of a running preparation; Interrupted where it is not running or not ours any more."""
    ours = Preparation.objects.filter(pk=preparation.pk, status=PreparationStatus.RUNNING)
    if not ours.filter(worker=preparation.worker).update(**{"lease_until": _lease()} | fields):
        raise Interrupted
    for name, value in fields.items():
        setattr(preparation, name, value)


def _lease() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


def _write(preparation: Preparation, line: Line) -> None:
    journal.write(preparation.delivery, line, preparation_id=preparation.pk)


def _summary(targeted: int, to_deliver: int, seconds: float, found: list[Line]) -> Line:
    """The last line, which sums up (reference 6.5.3)."""
    values = {"targeted": targeted, "to_deliver": to_deliver, "seconds": round(seconds, 1)}
    numbers = {level: sum(line.level == level for line in found) for level in (Level.ERROR, Level.WARNING)}
    if numbers[Level.ERROR]:
        return Line(WITH_ERRORS, values | {"errors": numbers[Level.ERROR]}, Level.ERROR)
    if numbers[Level.WARNING]:
        return Line(WITH_WARNINGS, values | {"warnings": numbers[Level.WARNING]}, Level.WARNING)
    return Line(WITHOUT_FINDINGS, values)
