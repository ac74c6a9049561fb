"""Whoever types somebody's address learns nothing and changes nothing (reliability X4, X5)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from landingpages import centre, reconciling
from profiles import erasure
from profiles.channels import Channel
from profiles.models import Notice, PendingChange, Profile
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory
from tests.landingpages.visitors import address, stamped, stranger

pytestmark = pytest.mark.django_db
KINDS = ("known", "nobod", "quiet", "bound", "erase", "twins")


@pytest.fixture
def people(operator):
    ProfileFactory(email="known@example.org")
    ProfileFactory(email="quiet@example.org", opted_out=["all", "email"])
    ProfileFactory(email="bound@example.org")
    QuarantinedAddressFactory(address="bound@example.org")
    gone = ProfileFactory(email="erase@example.org", opted_out=["email"])
    erasure.erase(gone, revision=Profile.objects.get(pk=gone.pk).revision, by=operator)
    for _ in range(2):
        ProfileFactory(email="twins@example.org")
    return [f"{kind}@example.org" for kind in KINDS]


def everything_that_leaves(client, url, data, typed_address):
    """Status, bytes, headers and SQL statements, without the address and what differs with each request."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.post(url, data)
    body = re.sub(rb'(name="opened" value=")[^"]*', rb"\1", answer.content).replace(typed_address.encode(), b"@")
    random = r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d+"
    statements = [re.sub(random, "0", query["sql"].replace(typed_address, "@")) for query in captured]
    return answer.status_code, body, dict(answer.headers), statements


@pytest.mark.parametrize("on_match", ["ask_by_email", "update", "refuse"])
def test_known_unknown_opted_out_quarantined_and_erased_get_one_answer(anonymous, people, on_match):
    online = PublishedPageFactory(on_match=on_match)

    answers = [
        everything_that_leaves(anonymous, address(online), stranger(online, last_name="A", email=one), one) for one in people
    ]

    assert [one == answers[0] for one in answers] == [True] * len(KINDS)
    assert answers[0][0] == 200


def test_the_centre_promises_a_link_to_all_alike(anonymous, people):
    centre.refresh()
    url = address(centre.find()) + "fresh-link/"

    answers = [
        everything_that_leaves(anonymous, url, stamped(centre.find()) | {"address": one}, one) for one in people
    ]  # fmt: skip

    assert [one == answers[0] for one in answers] == [True] * len(KINDS)
    assert answers[0][0] == 200


@pytest.mark.parametrize("on_match", ["ask_by_email", "update", "refuse"])
def test_what_is_typed_clears_no_box_and_changes_no_address(anonymous, people, on_match):
    online = PublishedPageFactory(on_match=on_match)
    before = {one.pk: (one.choices, one.email, one.mobile) for one in Profile.objects.all()}

    for one in people:
        anonymous.post(address(online), stranger(online, last_name="Evil", email=one, mobile="+33699999999"))
    reconciling.process_received()

    assert {one.pk: (one.choices, one.email, one.mobile) for one in Profile.objects.filter(pk__in=before)} == before
    erased = Profile.objects.get(email="erase@example.org")
    assert erased.choices["email"] is True  # whoever brings the address back brings it back silent


def test_two_identifiers_of_two_people_merge_nobody_and_ask_the_one_who_is_meant(anonymous, online, marie):
    other = ProfileFactory()
    before = list(Profile.objects.order_by("pk").values())

    anonymous.post(address(online), stranger(online, last_name="Evil", email=marie.email, mobile=other.mobile))
    reconciling.process_received()

    assert list(Profile.objects.order_by("pk").values()) == before
    change = PendingChange.objects.get()
    assert (change.profile, change.address, Notice.objects.get().address) == (marie, marie.email, marie.email)


def test_a_cookie_binds_no_second_person_to_the_first(anonymous, online, marie):
    first = anonymous.post(address(online), stranger(online, last_name="A", email=marie.email))
    second = anonymous.get(address(online))

    assert (first.cookies, second.cookies, dict(anonymous.cookies)) == ({}, {}, {})
    assert marie.email not in second.content.decode()


def test_an_unknown_address_becomes_a_profile_of_its_own(anonymous, online, marie):
    anonymous.post(address(online), stranger(online, last_name="Petit", email="petit@example.org"))
    reconciling.process_received()

    assert [one.last_name for one in Profile.objects.with_address(Channel.EMAIL, "petit@example.org")] == ["Petit"]
