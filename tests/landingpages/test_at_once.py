"""Two at the same moment: workers on one submission, submissions of one address, confirmations of one change."""

import pytest
from django.db import connection
from django.utils import timezone

from landingpages import reconciling
from landingpages.models import Submission
from profiles import pending
from profiles.consent import NO_EVIDENCE
from profiles.models import ConsentEvent, Notice, PendingChange, Profile, Source
from tests.factories import ProfileFactory, PublishedPageFactory
from tests.quarantine.test_counting_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _connections_can_wait_for_each_other():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("SQLite in memory does not wait for a lock: give the test database a file, or use PostgreSQL")


def receive(**data):
    page = PublishedPageFactory()
    return Submission.objects.create(page=page, version=page.version, data=data, language="en", received_at=timezone.now())


def test_a_submission_that_two_workers_take_is_processed_once():
    one = receive(email="petit@example.org", last_name="Petit", opted_out_sms=True)
    done = []

    assert at_once(*[lambda: done.append(reconciling.process(one))] * 4) == []

    assert sorted(done) == [False, False, False, True]
    assert (Profile.objects.count(), ConsentEvent.objects.count()) == (1, 1)


def test_submissions_of_one_new_address_make_one_profile():
    received = [receive(email="petit@example.org", last_name="Petit", city=f"City {number}") for number in range(4)]

    assert at_once(*[lambda one=one: reconciling.process(one) for one in received]) == []

    assert Profile.objects.count() == 1
    assert set(Submission.objects.values_list("status", flat=True)) == {"applied"}


def test_submissions_of_one_known_address_ask_once():
    ProfileFactory(email="marie@example.org", last_name="Dupont")
    received = [receive(email="marie@example.org", last_name=f"Evil {number}") for number in range(4)]

    assert at_once(*[lambda one=one: reconciling.process(one) for one in received]) == []

    assert (Notice.objects.count(), PendingChange.objects.count()) == (1, 1)


def test_a_change_that_is_confirmed_twice_at_once_applies_once():
    profile = ProfileFactory(email="marie@example.org")
    ProfileFactory(email="marie@example.org")
    pending.ask(
        profile, address=profile.email, fields={}, choices={"email": True}, source=Source.LANDING_PAGE, evidence=NO_EVIDENCE
    )
    change, done = PendingChange.objects.get(), []

    assert at_once(*[lambda: done.append(pending.apply(change, evidence=NO_EVIDENCE))] * 4) == []

    assert sorted(done) == [False, False, False, True]
    assert ConsentEvent.objects.count() == 2
