"""Lists that the worker makes: range by range, by whoever is alive, until they are complete or stopped."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from deliveries.management.commands.worker import Command
from profiles import audiences, erasure, freezing, saved_audiences
from profiles.audiences import InvalidAudience
from profiles.freezing import AlreadyComplete
from profiles.models import AudienceMember, Freezing, Profile, SavedAudience
from tests.factories import ProfileFactory
from tests.profiles.test_audiences import FRENCH

pytestmark = pytest.mark.django_db


def url(name, *arguments):
    return reverse(f"profiles:{name}", args=arguments)


@pytest.fixture(autouse=True)
def _every_list_is_long(settings):
    settings.FREEZE_AT_ONCE = 0
    settings.PREPARATION_RANGE = 1


@pytest.fixture
def people():
    """French, French, Belgian, French: the first range is empty where ids do not start at 1, so they are counted from 1."""
    Profile.objects.all().delete()
    return [ProfileFactory(pk=number, country=country) for number, country in enumerate(["FR", "FR", "BE", "FR"], start=1)]


@pytest.fixture
def query(people, operator):
    return saved_audiences.create({"all": [FRENCH]}, label="French", by=operator)


@pytest.fixture
def frozen(query):
    return freezing.freeze(query, label="List", by="Ana")


def members(audience):
    return list(AudienceMember.objects.filter(audience=audience.pk).order_by("profile_id").values_list("profile_id", flat=True))


def state(audience):
    audience.refresh_from_db()
    return audience.size, audience.is_complete, Freezing.objects.filter(pk=audience.pk).exists()


def test_a_long_list_is_left_to_the_worker_and_made_range_by_range(frozen):
    assert (members(frozen), state(frozen)) == ([], (None, False, True))

    held = freezing.claim("w1")
    steps = [(freezing.go_on(held), held.reached, held.found, held.percent) for _range in range(4)]

    assert steps == [(True, 1, 1, 25), (True, 2, 2, 50), (True, 3, 2, 75), (False, 4, 3, 100)]
    assert (members(frozen), state(frozen)) == ([1, 2, 4], (3, True, False))


def test_a_short_list_is_made_at_once(query, settings):
    settings.FREEZE_AT_ONCE = 4

    assert state(freezing.freeze(query, label="List", by="Ana")) == (3, True, False)


def test_who_comes_after_the_request_is_not_on_the_list(frozen, people):
    ProfileFactory(pk=5, country="FR")

    work("w1")

    assert members(frozen) == [1, 2, 4]


def work(worker):
    held = freezing.claim(worker)
    while freezing.go_on(held):
        pass


def test_the_list_of_a_killed_worker_goes_on_behind_what_is_in(frozen):
    freezing.go_on(freezing.claim("killed"))
    assert freezing.claim("w2") is None

    freezing.release(["killed"])
    work("w2")

    assert (members(frozen), state(frozen)) == ([1, 2, 4], (3, True, False))


def test_a_silent_worker_loses_its_lease_and_then_writes_nothing(frozen):
    silent = freezing.claim("silent")
    Freezing.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    heir = freezing.claim("heir")
    freezing.go_on(heir)

    assert freezing.go_on(silent) is False
    assert members(frozen) == [1]
    assert freezing.go_on(heir) is True
    assert members(frozen) == [1, 2]


def test_a_range_that_fails_leaves_nothing_of_it_and_the_next_worker_goes_on(frozen, monkeypatch, settings):
    held = freezing.claim("w1")
    finish = freezing._finish
    settings.PREPARATION_RANGE = 4

    def away(one):
        raise OperationalError("the database restarts")

    monkeypatch.setattr(freezing, "_finish", away)
    with pytest.raises(OperationalError):
        freezing.go_on(held)
    assert (members(frozen), state(frozen)) == ([], (None, False, True))

    monkeypatch.setattr(freezing, "_finish", finish)
    freezing.release(["w1"])
    work("w2")
    assert members(frozen) == [1, 2, 4]


def test_a_query_that_is_not_understood_any_more_ends_it_without_quoting_anything(frozen, backoffice):
    SavedAudience.objects.filter(pk=frozen.pk).update(tree={"field": "gone", "operator": "is", "value": "marie@example.org"})

    assert freezing.go_on(freezing.claim("w1")) is False

    assert list(Freezing.objects.values_list("error", "lease_until")) == [("InvalidAudience", None)]
    assert freezing.claim("w2") is None
    page = backoffice.get(url("audience", frozen.pk)).content.decode()
    assert "The list could not be made" in page
    assert "every 1s" not in page


def test_an_error_of_the_program_ends_it_and_reaches_the_log(frozen, monkeypatch):
    def broken(*arguments, **named):
        raise ZeroDivisionError("marie@example.org")

    monkeypatch.setattr(freezing, "_add", broken)
    with pytest.raises(ZeroDivisionError):
        freezing.go_on(freezing.claim("w1"))

    assert Freezing.objects.get().error == "ZeroDivisionError"


def test_no_query_that_is_not_understood_is_frozen(query):
    query.tree = {"field": "gone", "operator": "is", "value": 1}

    with pytest.raises(InvalidAudience):
        freezing.freeze(query, label="List", by="Ana")
    assert not Freezing.objects.exists()


def test_a_stopped_list_is_gone_and_its_worker_writes_nothing_more(frozen, backoffice):
    held = freezing.claim("w1")
    freezing.go_on(held)

    page = backoffice.post(url("audience_stop", frozen.pk), follow=True)

    assert "The list “List” is stopped, and gone." in page.content.decode()
    assert freezing.go_on(held) is False
    assert (SavedAudience.objects.filter(kind="list").exists(), AudienceMember.objects.exists()) == (False, False)


def test_a_complete_list_is_not_stopped(frozen, backoffice):
    work("w1")

    with pytest.raises(AlreadyComplete):
        freezing.stop(frozen)
    page = backoffice.post(url("audience_stop", frozen.pk), follow=True)

    assert "The list was complete already: nothing was stopped." in page.content.decode()
    assert members(frozen) == [1, 2, 4]


def test_whoever_may_only_look_stops_nothing(frozen, client):
    ben = User.objects.create_user("ben", is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename="view_savedaudience"))
    client.force_login(ben)

    assert client.post(url("audience_stop", frozen.pk)).status_code == 403
    assert 'id="stop"' not in client.get(url("audience", frozen.pk)).content.decode()
    assert Freezing.objects.exists()


def test_the_page_shows_how_far_it_is_and_then_the_list(frozen, backoffice, people):
    held = freezing.claim("w1")
    freezing.go_on(held)
    address = url("audience", frozen.pk)

    page = backoffice.get(address).content.decode()
    fragment = backoffice.get(address, headers={"HX-Request": "true"}).content.decode()
    assert '<progress max="4" value="1"' in page
    assert "25 % looked at, 1 person found" in fragment
    assert "<html" not in fragment
    link = reverse("admin:profiles_profile_change", args=[people[0].pk])
    assert link not in page

    while freezing.go_on(held):
        pass
    assert backoffice.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert link in backoffice.get(address).content.decode()


def test_a_list_that_is_not_complete_is_in_no_delivery_and_no_query(frozen, query, backoffice):
    freezing.go_on(freezing.claim("w1"))
    tree = saved_audiences.as_tree(frozen)

    with pytest.raises(InvalidAudience):
        audiences.condition(tree)
    with pytest.raises(InvalidAudience):
        saved_audiences.create(tree, label="Names it", by="Ana")
    assert list(SavedAudience.objects.usable()) == [query]


def test_whoever_is_erased_while_the_list_is_made_is_not_on_it(frozen, people, operator):
    held = freezing.claim("w1")
    freezing.go_on(held)

    erasure.erase(people[0], revision=people[0].revision, by=operator)
    while freezing.go_on(held):
        pass

    assert (members(frozen), state(frozen)) == ([2, 4], (2, True, False))


def test_the_worker_makes_lists_and_puts_them_down_when_it_ends(frozen, settings):
    settings.PREPARATION_RANGE = 2
    worker = Command()
    worker.worker = type("Named", (), {"name": "w1"})()
    worker.freezing, worker.importing = None, None

    assert worker.freeze_range() is True
    worker.put_down_lists()
    assert members(frozen) == [1, 2]
    assert Freezing.objects.get().lease_until is None

    assert [worker.freeze_range(), worker.freeze_range()] == [True, False]
    assert state(frozen) == (3, True, False)
