"""The list finds the same people in each of its shapes: few by the index, many along the list, counted by the index."""

import pytest
from django.contrib import admin
from django.utils import timezone

from profiles import paging, searching, subscriptions
from profiles.models import Profile, Source, Subscription
from profiles.paging import Paginator
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
NAMES = ["Marie Dupont", "Maria Anders", "Éléonore Marin", "Jo 100%_x", "Ma Rie", "O’Neil Zoé", "\U0001f33b Sun"]


@pytest.fixture
def people():
    """One profile per name, newest last; each has an external ID and a mobile that starts with +3363998."""
    made = []
    for number, name in enumerate(NAMES):
        first, _space, last = name.partition(" ")
        ids = {"external_id": f"C-{number}", "mobile": f"+3363998010{number}", "email": f"person{number}@example.org"}
        made.append(ProfileFactory(first_name=first, last_name=last, **ids))
    return made


@pytest.mark.parametrize("limit", [1, 10_000])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mari", ["Éléonore Marin", "Maria Anders", "Marie Dupont"]),
        ("MARIE d", ["Marie Dupont"]),
        ("ma rie", ["Ma Rie"]),
        ("eleo", ["Éléonore Marin"]),
        ("person3@", ["Jo 100%_x"]),
        ("100%", ["Jo 100%_x"]),
        ("10__", []),
        ("C-4", ["Ma Rie"]),
        ("c-4", []),
        ("+33 6 39 98 01 05", ["O’Neil Zoé"]),
        ("\U0001f33b", ["\U0001f33b Sun"]),
        ("person", list(reversed(NAMES))),
        ("nobody", []),
    ],
)
def test_search_finds_the_same_people_in_the_same_order_in_both_shapes(people, monkeypatch, limit, text, found):
    monkeypatch.setattr(paging, "LIMIT", limit)

    profiles = searching.search(Profile.objects.order_by("-pk"), text)

    assert [profile.full_name for profile in profiles] == found
    assert Paginator(profiles, 50).count == min(len(found), limit)


@pytest.mark.parametrize("limit", [1, 10_000])
def test_subscribers_are_the_same_in_both_shapes(people, monkeypatch, limit):
    monkeypatch.setattr(paging, "LIMIT", limit)
    letter, other = ServiceFactory(), ServiceFactory()
    for person in people[:3]:
        subscriptions.subscribe(person, letter, source=Source.OPERATOR)
    subscriptions.subscribe(people[4], other, source=Source.OPERATOR)
    subscriptions.subscribe(people[5], letter, source=Source.OPERATOR)
    Subscription.objects.filter(profile=people[5]).update(expires_at=timezone.now())

    profiles = searching.subscribed_to(Profile.objects.order_by("-pk"), str(letter.pk))

    assert list(profiles) == [people[2], people[1], people[0]]
    assert Paginator(profiles, 50).count == min(3, limit)


def test_what_is_filtered_further_is_counted_anew(people):
    profiles = searching.search(Profile.objects.order_by("-pk"), "mari")

    assert [Paginator(found, 50).count for found in (profiles, profiles.filter(first_name="Maria"))] == [3, 1]
    assert Paginator(profiles.exclude(first_name="Maria").order_by("pk"), 50).count == 2


@pytest.mark.parametrize("limit", [1, 10_000])
def test_search_filter_and_service_are_counted_together(people, monkeypatch, limit, rf, operator):
    monkeypatch.setattr(paging, "LIMIT", limit)
    letter = ServiceFactory()
    for person in people[:3]:
        subscriptions.subscribe(person, letter, source=Source.OPERATOR)
    Profile.objects.filter(pk=people[1].pk).update(country="BE")
    request = rf.get("/admin/profiles/profile/", {"q": "mari", "service": letter.pk, "country": "FR"})
    request.user = operator

    shown = admin.site.get_model_admin(Profile).get_changelist_instance(request)

    assert [profile.full_name for profile in shown.get_queryset(request)] == ["Éléonore Marin", "Marie Dupont"]
    assert shown.paginator.reached == 2


@pytest.mark.parametrize(("order", "names"), [("1", [0, 1, 2]), ("-1", [2, 1, 0])])
def test_equals_follow_the_direction_of_the_sorted_column(rf, operator, order, names):
    made = ProfileFactory.create_batch(3, last_name="Dupont")
    request = rf.get("/admin/profiles/profile/", {"o": order})
    request.user = operator

    shown = admin.site.get_model_admin(Profile).get_changelist_instance(request)

    assert [profile.pk for profile in shown.result_list] == [made[place].pk for place in names]
