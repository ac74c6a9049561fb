"""Two failures of one address at the same moment."""

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection

from profiles.channels import Channel
from quarantine import counting
from quarantine.models import QuarantinedAddress, Reason, Status
from quarantine.qualification import ErrorType, Qualification

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _connections_can_wait_for_each_other():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("SQLite in memory does not wait for a lock: give the test database a file, or use PostgreSQL")


def at_once(*acts):
    """Run the acts in threads of their own, started together; what they raised."""
    barrier, raised = Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_failures_at_once_of_a_new_address_make_one_record():
    soft = Qualification(ErrorType.SOFT, Reason.UNREACHABLE)

    def fail():
        counting.record_failure(Channel.EMAIL, "ines@example.org", soft, text="no", at=NOON)

    raised = at_once(*[fail] * 4)

    assert raised == []
    assert list(QuarantinedAddress.objects.values_list("address", "status", "errors")) == [
        ("ines@example.org", Status.ERRONEOUS, 1)
    ]


def test_hard_failure_is_not_lost_beside_a_soft_one():
    def fail(kind):
        return lambda: counting.record_failure(
            Channel.EMAIL, "ines@example.org", Qualification(kind, Reason.USER_UNKNOWN), text="no", at=NOON
        )

    raised = at_once(fail(ErrorType.SOFT), fail(ErrorType.HARD), fail(ErrorType.SOFT))

    assert raised == []
    assert QuarantinedAddress.objects.get().status == Status.QUARANTINE


def test_lists_at_once_quarantine_each_address_once():
    addresses = [f"a{n}@example.org" for n in range(300)]
    numbers = []

    def paste(ordered):
        return lambda: numbers.append(counting.quarantine_addresses(Channel.EMAIL, ordered, by="Ana"))

    raised = at_once(paste(addresses), paste(addresses[::-1]))

    assert raised == []
    assert sum(numbers) == 300
    assert QuarantinedAddress.objects.filter(status=Status.QUARANTINE).count() == 300
