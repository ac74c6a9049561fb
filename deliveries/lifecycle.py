"""What an operator does with a delivery: one verb per arrow of its state machine (deliveries.statuses)."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as noop
from django.utils.translation import override

from deliveries import controls, pictures, planning, proofing, waves
from deliveries.journal import Line, write
from deliveries.models import Delivery, Level, Preparation
from deliveries.statuses import DELIVERY_SOURCES, DeliveryStatus, InvalidTransition, PreparationStatus
from profiles.consent import actor
from profiles.sentences import Kept, kept

DATE_CHANGED = noop("The sending cannot be confirmed because the scheduled date has changed. Please restart the preparation.")
NOT_CONFIRMED = {"confirmed_at": None, "confirmed_by": None}
# It waits for a person. A form that was shown before must not schedule it again: hence the revision.
ATTENDED: dict[str, Any] = NOT_CONFIRMED | {
    "confirmation_requested": True,
    "scheduled_by": None,
    "prepares_at": None,
    "revision": F("revision") + 1,
}


def create(values: dict[str, Any], *, by: AbstractUser | str) -> Delivery:
    """A new delivery, to edit. The pictures that its content shows stay with it."""
    stands = planning.responsibility(Delivery(), values, by=by)
    with transaction.atomic():
        created = Delivery.objects.create(**values | stands, created_by=actor(by))
        pictures.hold(created)
    return created


def revise(delivery: Delivery, changes: dict[str, Any], *, revision: int, by: AbstractUser | str) -> None:
    """Store what an operator changed; a ready delivery has to be prepared and confirmed again.

    InvalidTransition, with nothing stored, where somebody else saved since `revision` or the delivery is under way.
    """
    with transaction.atomic():
        former = delivery.preparation_id
        rows = Delivery.objects.filter(
            pk=delivery.pk, revision=revision, status__in=(DeliveryStatus.EDITING, DeliveryStatus.READY)
        )
        stored = changes | planning.responsibility(delivery, changes, by=by) | NOT_CONFIRMED
        stored |= {"status": DeliveryStatus.EDITING, "preparation": None, "modified_at": timezone.now()}
        if not rows.update(**stored, revision=F("revision") + 1):
            refuse_under_way(Delivery.objects.get(pk=delivery.pk))
            raise InvalidTransition(
                noop("Somebody else changed this delivery meanwhile: nothing was saved. Open it again to see it.")
            )
        if former:
            Preparation.objects.filter(pk=former).update(status=PreparationStatus.SUPERSEDED)
            write(delivery, Line(noop("Changed by %(by)s: prepare again."), {"by": actor(by)}))
            if changes.get("contact_at", delivery.contact_at) != delivery.contact_at:
                write(delivery, Line(DATE_CHANGED, level=Level.WARNING))
    delivery.refresh_from_db()


def refuse_under_way(delivery: Delivery) -> None:
    """InvalidTransition where nothing of the delivery can be changed as it is now."""
    if not delivery.is_editable:
        text = noop("The delivery is “%(status)s” now, its content is pinned: nothing was saved.")
        raise InvalidTransition(text, {"status": _state(delivery)})


def confirm(delivery: Delivery, *, preparation: int, by: AbstractUser) -> None:
    """The last human yes to this very preparation: its messages go out from now on, or from the contact date on.

    InvalidTransition where it is not the valid preparation any more, is confirmed already, has errors or has got one since
    (a page that was closed), or delivers to nobody.
    """
    _refuse_other_date(delivery, preparation)
    with transaction.atomic():
        fields = {"confirmed_at": timezone.now(), "confirmed_by": by}
        status = DeliveryStatus.IN_PROGRESS if delivery.is_due else DeliveryStatus.READY
        once = Q(confirmed_at__isnull=True)
        move(delivery, status, only_from=DeliveryStatus.READY, preparation_id=preparation, where=once, **fields)
        ready = _fit(preparation)
        about = {"by": actor(by), "number": ready.to_deliver}
        if status == DeliveryStatus.READY:
            write(delivery, Line(noop("Confirmed by %(by)s: %(number)s to deliver from the contact date on."), about))
        else:
            proofing.request_traps(delivery, by=by)
            waves.release(ready, delivery.waves, at=timezone.now())
            write(delivery, Line(noop("Confirmed by %(by)s: %(number)s to deliver."), about))


def begin(delivery: Delivery) -> None:
    """The contact date of a confirmed delivery has come: its messages go out. InvalidTransition as for confirm()."""
    with transaction.atomic():
        due = Q(confirmed_at__isnull=False, contact_at__lte=timezone.now())
        move(delivery, DeliveryStatus.IN_PROGRESS, only_from=DeliveryStatus.READY, where=due)
        ready = _fit(delivery.preparation_id or 0)
        proofing.request_traps(delivery, by=delivery.confirmed_by or "")
        waves.release(ready, delivery.waves, at=timezone.now())
        write(delivery, Line(noop("The contact date has come: sending starts.")))


def withdraw(delivery: Delivery, *, by: AbstractUser | str) -> None:
    """Nothing is sent at the contact date unless it is confirmed again; the preparation stays valid."""
    with transaction.atomic():
        starts = Q(confirmed_at__isnull=False) | Q(confirmation_requested=False)
        move(delivery, DeliveryStatus.READY, only_from=DeliveryStatus.READY, where=starts, **ATTENDED)
        write(delivery, Line(noop("Confirmation withdrawn by %(by)s."), {"by": actor(by)}))


def _refuse_other_date(delivery: Delivery, preparation: int) -> None:
    """Whoever confirms saw a preparation for another date (reference 6.4.3)."""
    shown = delivery.preparations.filter(pk=preparation).first()
    if shown and shown.content.get("contact_at") != planning.as_pinned(delivery.contact_at):
        raise InvalidTransition(DATE_CHANGED)


def _fit(preparation: int) -> Preparation:
    """The preparation, if what it says can be sent now."""
    ready = Preparation.objects.get(pk=preparation)
    if reasons := refusals(ready, controls.findings(ready.content, ready)):
        raise InvalidTransition(reasons[0].text, reasons[0].values)
    return ready


def refusals(ready: Preparation, findings: list[Line]) -> list[Line]:
    """Why a preparation cannot be confirmed, one sentence each: the errors that it found, and those among the findings of now."""
    logged = [Line(line.text, line.values) for line in ready.log.filter(level=Level.ERROR)]
    since = [line for line in findings if line.level == Level.ERROR]
    nobody = [] if ready.to_deliver else [Line(noop("There is nobody to deliver to."))]
    return list({str(line): line for line in [*logged, *since, *nobody]}.values())


def pause(delivery: Delivery, *, by: AbstractUser | str) -> None:
    """No message is handed over from now on until resume(); what was handed over stays."""
    with transaction.atomic():
        move(delivery, DeliveryStatus.PAUSED)
        write(delivery, Line(noop("Paused by %(by)s."), {"by": actor(by)}))


def resume(delivery: Delivery, *, by: AbstractUser) -> None:
    with transaction.atomic():
        move(delivery, DeliveryStatus.IN_PROGRESS, only_from=DeliveryStatus.PAUSED)
        write(delivery, Line(noop("Resumed by %(by)s."), {"by": actor(by)}))


def stop(delivery: Delivery, *, by: AbstractUser) -> None:
    """End the delivery for good: whoever was not reached yet is never written to (deliveries.stopping says so in the log)."""
    with transaction.atomic():
        move(delivery, DeliveryStatus.STOPPED)
        write(delivery, Line(noop("Stopped by %(by)s."), {"by": actor(by)}))


def finish(delivery: Delivery) -> None:
    """Every message has its outcome."""
    with transaction.atomic():
        move(delivery, DeliveryStatus.FINISHED, finished_at=timezone.now())
        write(delivery, Line(noop("Delivery finished: every message has its outcome.")))


def move(
    delivery: Delivery,
    status: DeliveryStatus,
    *,
    only_from: DeliveryStatus | None = None,
    preparation_id: int | None = None,
    where: Q | None = None,
    **fields: Any,
) -> None:
    """The guarded UPDATE behind every arrow: first in its transaction, because it is the lock.

    InvalidTransition where another request was faster or the state does not allow it; the object in hand is then stale.
    """
    sources = (only_from,) if only_from else DELIVERY_SOURCES[status]
    rows = Delivery.objects.filter(where or Q(), pk=delivery.pk, status__in=sources)
    if preparation_id is not None:
        rows = rows.filter(preparation=preparation_id)
    if not rows.update(status=status, modified_at=timezone.now(), **fields):
        state = _state(Delivery.objects.get(pk=delivery.pk))
        raise InvalidTransition(noop("This is not possible any more: the delivery is now “%(status)s”."), {"status": state})
    delivery.refresh_from_db()


def _state(delivery: Delivery) -> Kept:
    """As the catalogue has it."""
    with override(None):
        return kept(delivery.state)
