"""Deliveries to thousands: nobody is forgotten behind those who are left out, and one person's data fails only for her."""

import pytest

from deliveries.models import Batch, Message
from profiles.models import CustomField, Profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_memory(settings):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}


def make_people(number, *, start=0, **fields):
    Profile.objects.bulk_create(
        [Profile(email=f"person{start + place}@example.org", **fields) for place in range(number)], batch_size=1000
    )


@pytest.mark.slow
def test_those_behind_twenty_thousand_who_are_left_out_all_get_it(make_delivery, prepare, confirm, send_all, outbox):
    make_people(20_000, opted_out_email=True)
    make_people(5_000, start=20_000)
    delivery = make_delivery()
    prepared = prepare(delivery)
    confirm(delivery)

    send_all()

    delivery.refresh_from_db()
    assert (prepared.targeted, prepared.to_deliver, prepared.excluded) == (25_000, 5_000, 20_000)
    assert Batch.objects.filter(preparation=prepared).progress()["sent"] == 5_000
    assert delivery.status == "finished"
    assert sorted(outgoing.address for outgoing in outbox) == sorted(
        f"person{place}@example.org" for place in range(20_000, 25_000)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("custom", "why"),
    [({"children": 0}, "divided"), ({"biography": "x" * 2**20}, "limit")],
    ids=["a merge field that fails", "a field of 1 MB"],
)
def test_one_in_a_thousand_whose_data_fails_is_the_only_one(make_delivery, prepare, confirm, send_all, outbox, custom, why):
    CustomField.objects.create(key="children", label="Children", type="number")
    CustomField.objects.create(key="biography", label="Biography", type="text")
    make_people(1_000, custom={"children": 2, "biography": "short"})
    poison = Profile.objects.all()[500]
    Profile.objects.filter(pk=poison.pk).update(custom={"children": 2, "biography": "short"} | custom)
    part = "{{ 12 | divided_by: profile.custom.children }} {{ profile.custom.biography }}"
    delivery = make_delivery(html=f"<p>{part}</p><p>{{{{ unsubscribe_url }}}}</p>")
    prepare(delivery)
    confirm(delivery)

    send_all()

    failed = Message.objects.filter(status="failed").values_list("profile_id", "outcome")
    assert [pk for pk, _outcome in failed] == [poison.pk]
    assert why in failed[0][1]
    assert len(failed[0][1]) <= 255
    assert Message.objects.filter(status="sent").count() == 999
