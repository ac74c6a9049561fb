"""What an operator does with a delivery: one verb per arrow of its state machine (deliveries.statuses)."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from deliveries import controls, proofing
from deliveries.journal import Line, write
from deliveries.models import Delivery, Level, Preparation
from deliveries.statuses import DELIVERY_SOURCES, DeliveryStatus, InvalidTransition, PreparationStatus
from profiles.consent import actor


def revise(delivery: Delivery, changes: dict[str, Any], *, revision: int, by: AbstractUser | str) -> None:
    """Store what an operator changed; a ready delivery has to be prepared again.

    InvalidTransition, with nothing stored, where somebody else saved since `revision` or the delivery is under way.
    """
    with transaction.atomic():
        former = delivery.preparation_id
        rows = Delivery.objects.filter(
            pk=delivery.pk, revision=revision, status__in=(DeliveryStatus.EDITING, DeliveryStatus.READY)
        )
        stored = changes | {"status": DeliveryStatus.EDITING, "preparation": None, "modified_at": timezone.now()}
        if not rows.update(**stored, revision=F("revision") + 1):
            raise InvalidTransition(
                _("Somebody else changed this delivery meanwhile: nothing was saved. Open it again to see it.")
            )
        if former:
            Preparation.objects.filter(pk=former).update(status=PreparationStatus.SUPERSEDED)
            write(delivery, Line(noop("Changed by %(by)s: prepare again."), {"by": actor(by)}))
    delivery.refresh_from_db()


def confirm(delivery: Delivery, *, preparation: int, by: AbstractUser) -> None:
    """The last human yes to this very preparation: its messages go out from now on.

    InvalidTransition where it is not the valid preparation any more, has errors or has got one since (a page that was
    closed), or delivers to nobody.
    """
    with transaction.atomic():
        fields = {"confirmed_at": timezone.now(), "confirmed_by": by}
        move(delivery, DeliveryStatus.IN_PROGRESS, only_from=DeliveryStatus.READY, preparation_id=preparation, **fields)
        ready = Preparation.objects.get(pk=preparation)
        if ready.log.filter(level=Level.ERROR).exists():
            raise InvalidTransition(_("The preparation found errors: correct them and prepare again."))
        if faults := [line for line in controls.findings(ready.content, ready) if line.level == Level.ERROR]:
            raise InvalidTransition(str(faults[0]))
        if not ready.to_deliver:
            raise InvalidTransition(_("There is nobody to deliver to."))
        ready.batches.update(due_at=timezone.now())
        about = {"by": actor(by), "number": ready.to_deliver}
        proofing.request_traps(delivery, by=by)
        write(delivery, Line(noop("Confirmed by %(by)s: %(number)s to deliver."), about))


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
    **fields: Any,
) -> None:
    """The guarded UPDATE behind every arrow: first in its transaction, because it is the lock.

    InvalidTransition where another request was faster or the state does not allow it; the object in hand is then stale.
    """
    sources = (only_from,) if only_from else DELIVERY_SOURCES[status]
    rows = Delivery.objects.filter(pk=delivery.pk, status__in=sources)
    if preparation_id is not None:
        rows = rows.filter(preparation=preparation_id)
    if not rows.update(status=status, modified_at=timezone.now(), **fields):
        current = Delivery.objects.get(pk=delivery.pk)
        raise InvalidTransition(
            _("This is not possible any more: the delivery is now “%(status)s”.") % {"status": current.get_status_display()}
        )
    delivery.refresh_from_db()
