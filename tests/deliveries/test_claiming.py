"""Who gets a batch when several workers want one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from deliveries import sending
from deliveries.models import Batch
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def test_a_batch_is_claimed_once_and_again_after_its_lease(make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    first, second = sending.claim_batch("one"), sending.claim_batch("two")
    Batch.objects.update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    third = sending.claim_batch("three")

    assert (first.worker, second, third.worker) == ("one", None, "three")


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_once_get_different_batches(make_delivery, prepare, confirm, settings):
    settings.BATCH_MESSAGES = 1
    for _number in range(15):
        ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    start = threading.Barrier(4)

    def claim(worker):
        try:
            start.wait(10)
            return [batch.pk for batch in iter(lambda: sending.claim_batch(worker), None)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        claimed = [pk for batches in pool.map(claim, "abcd") for pk in batches]

    assert sorted(claimed) == sorted(Batch.objects.values_list("pk", flat=True))
