"""What a ready preparation is made of, counted once when its operator has it already: shares and shifts.

Nobody waits for it: the delivery can be confirmed meanwhile. What was cut off is counted anew.
"""

from django.db import transaction
from django.utils import timezone

from deliveries import shares, shifts
from deliveries.models import Preparation
from deliveries.result_models import Share, Shift
from deliveries.statuses import PreparationStatus


def count_due() -> bool:
    """Count the oldest ready preparation that is not counted; False where there is none."""
    due = Preparation.objects.filter(status=PreparationStatus.READY, counted_at=None).select_related("delivery")
    if (preparation := due.order_by("pk").first()) is None:
        return False
    # Counted before the transaction: on SQLite everybody else waits while it is open.
    made, changed = shares.count(preparation), shifts.count(preparation)
    with transaction.atomic():
        if Preparation.objects.filter(pk=preparation.pk, counted_at=None).update(counted_at=timezone.now()):
            Share.objects.bulk_create(made)
            Shift.objects.bulk_create(changed)
    return True
