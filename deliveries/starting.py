"""What happens to deliveries by themselves: prepared ahead of a date that needs no confirmation, started at their date.

Any number of workers may look at once: the guarded UPDATE behind each step lets one of them through.
"""

from copy import copy

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from deliveries import journal, lifecycle, planning, preparation
from deliveries.journal import Line
from deliveries.models import Delivery, Level
from deliveries.statuses import DeliveryStatus, InvalidTransition
from profiles.sentences import Kept, kept

NOT_PREPARED = kept(noop("It is not prepared."))
AT_ONCE = 100  # deliveries per round
# The preparation was cancelled, or failed: without a person nothing more would happen.
UNPREPARED = {"status": DeliveryStatus.EDITING, "confirmation_requested": False, "prepares_at__isnull": True}


def prepare_due() -> int:
    """Ask for the preparations whose moment has come; how many this worker asked for."""
    due = Q(prepares_at__lte=timezone.now(), confirmed_at=None)  # what somebody confirmed is sent as she saw it
    waiting = Delivery.objects.filter(due, status__in=(DeliveryStatus.EDITING, DeliveryStatus.READY))
    return sum(_prepare(delivery, due) for delivery in waiting.select_related("scheduled_by")[:AT_ONCE])


def start_due() -> int:
    """Start the deliveries whose contact date has come; how many this worker dealt with."""
    come = Delivery.objects.filter(contact_at__lte=timezone.now()).select_related("scheduled_by").order_by("contact_at")
    # Without a confirmation, only what was prepared for the date: a look that an operator took may be a month old.
    agreed = Q(confirmed_at__isnull=False) | Q(confirmation_requested=False, prepares_at=None)
    started = sum(_start(delivery) for delivery in come.filter(agreed, status=DeliveryStatus.READY)[:AT_ONCE])
    return started + sum(_ask(delivery, why=NOT_PREPARED) for delivery in come.filter(**UNPREPARED)[:AT_ONCE])


def _prepare(delivery: Delivery, due: Q) -> bool:
    try:
        preparation.start(delivery, by=delivery.scheduled_by or "", where=due)
    except InvalidTransition:
        return False  # another worker was faster, or an operator
    return True


def _start(delivery: Delivery) -> bool:
    found = copy(delivery)  # what is refused leaves marks on the object that the database does not keep
    try:
        with transaction.atomic():
            if delivery.confirmed_at:
                lifecycle.begin(delivery)
            else:
                _stand_in(delivery)
    except InvalidTransition as refusal:
        return _ask(found, why=refusal.kept)
    return True


def _stand_in(delivery: Delivery) -> None:
    """Whoever scheduled it confirms, if she still may, what was prepared last; the result of an older one may be out of date."""
    by = delivery.scheduled_by
    if by is None or not planning.may_confirm(by):
        raise InvalidTransition(noop("Whoever scheduled it may not confirm deliveries any more."))
    if delivery.preparations.latest("number").pk != delivery.preparation_id:
        raise InvalidTransition(noop("Its last preparation failed or was cancelled."))
    lifecycle.confirm(delivery, preparation=delivery.preparation_id or 0, by=by)


def _ask(delivery: Delivery, *, why: Kept) -> bool:
    """What could not be started waits for a person; nothing changes where another worker started it, or somebody edited it."""
    as_found = {"status": delivery.status, "preparation": delivery.preparation_id, "revision": delivery.revision}
    rows = Delivery.objects.filter(Q(confirmed_at__isnull=False) | Q(confirmation_requested=False), pk=delivery.pk, **as_found)
    with transaction.atomic():
        if not rows.update(**lifecycle.ATTENDED):
            return False
        text = noop("Not sent at its date, and waiting for a confirmation now: %(why)s")
        journal.write(delivery, Line(text, {"why": why}, Level.WARNING))
    return True
