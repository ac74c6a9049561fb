"""INSERT … SELECT and locks on a set, on whichever database the tests run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, CharField, Exists, F, JSONField, OuterRef, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from profiles import bulk
from profiles.models import ConsentEvent, Profile, Service, Subscription
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
TEXT = CharField()


def subscribing(people, service):
    return people.annotate(new_service=Value(service.pk), new_at=Value(timezone.now())).values_list("pk", "new_service", "new_at")


def insert(rows):
    return bulk.insert_from(rows, into=Subscription, columns=["profile", "service", "created_at"])


def test_the_rows_of_a_set_are_inserted_in_one_statement(django_assert_num_queries):
    people = [ProfileFactory(country=country) for country in ("FR", "BE", "FR")]
    service = ServiceFactory()

    with django_assert_num_queries(1):
        written = insert(subscribing(Profile.objects.filter(country="FR").order_by(), service))

    assert written == 2
    assert list(Subscription.objects.order_by("profile").values_list("profile", "service")) == [
        (people[0].pk, service.pk),
        (people[2].pk, service.pk),
    ]


def test_columns_can_be_computed_from_each_row(django_assert_num_queries):
    people = [ProfileFactory(country=country) for country in ("FR", "BE")]
    service = ServiceFactory()
    rows = Profile.objects.order_by().annotate(person=F("pk"), at_home=F("country")).values_list("person", "at_home")
    computed = {
        "profile": "person",
        "service": f"CASE WHEN at_home = 'FR' THEN {service.pk} ELSE %s END",
        "created_at": "%s",
    }
    now = connection.ops.adapt_datetimefield_value(timezone.now())

    with django_assert_num_queries(1):
        written = bulk.insert_computed(rows, into=Subscription, computed=computed, parameters=[service.pk, now])

    assert written == 2
    assert sorted(Subscription.objects.values_list("profile", flat=True)) == sorted(person.pk for person in people)


@pytest.mark.parametrize("nobody", [Profile.objects.none, lambda: Profile.objects.filter(pk__in=[])])
def test_a_set_that_cannot_have_rows_inserts_none(nobody, django_assert_num_queries):
    ProfileFactory()
    service = ServiceFactory()

    with django_assert_num_queries(0):
        written = insert(subscribing(nobody(), service))

    assert (written, Subscription.objects.count()) == (0, 0)


def test_an_empty_result_inserts_none():
    ProfileFactory(country="FR")
    service = ServiceFactory()

    assert insert(subscribing(Profile.objects.filter(country="IT"), service)) == 0


def test_case_exists_window_and_quotes_survive():
    people = [ProfileFactory(email=f"marie{number % 2}@example.org", city='L\'Été %s %% "x"') for number in range(4)]
    Subscription.objects.create(profile=people[0], service=ServiceFactory())
    place = Window(RowNumber(), partition_by=F("email"), order_by=F("pk").asc())
    member = Exists(Subscription.objects.filter(profile=OuterRef("pk")))
    label = Case(When(member, then=F("city")), default=Value("100 % 'none'"), output_field=TEXT)
    rows = Profile.objects.annotate(place=place, label=label, note=Value("note", output_field=TEXT), at=Value(timezone.now()))
    names = ["channel", "validity_unit", "subscribed_message", "unsubscribed_message"]
    rows = rows.annotate(**{name: Value(name if name != "validity_unit" else "", output_field=TEXT) for name in names})
    fixed = {"double_opt_in": Value(False), "in_preference_centre": Value(True), "texts": Value({}, output_field=JSONField())}
    rows = rows.annotate(**fixed)
    names += fixed
    rows = rows.filter(place=1).order_by().values_list("label", "city", "note", "at", *names)

    written = bulk.insert_from(rows, into=Service, columns=["label", "public_label", "description", "created_at", *names])

    assert written == 2
    labels = Service.objects.order_by("pk").values_list("label", "public_label")[1:]
    assert sorted(labels) == [("100 % 'none'", people[0].city), (people[0].city, people[0].city)]


def test_a_row_that_the_database_refuses_inserts_none():
    person = ProfileFactory()
    ProfileFactory()
    service = ServiceFactory()
    Subscription.objects.create(profile=person, service=service)

    with pytest.raises(IntegrityError), transaction.atomic():
        insert(subscribing(Profile.objects.order_by(), service))

    assert Subscription.objects.count() == 1


def test_the_columns_are_those_of_the_model():
    with pytest.raises(KeyError):
        bulk.insert_from(Profile.objects.values_list("pk"), into=ConsentEvent, columns=["nothing"])


@pytest.mark.parametrize("people", [Profile.objects.none, lambda: Profile.objects.filter(country__in=[])])
def test_nobody_is_locked_without_a_statement(people, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert bulk.lock(people()) == 0


def test_a_lock_counts_its_rows_without_fetching_them(django_assert_num_queries):
    for country in ("FR", "FR", "BE"):
        ProfileFactory(country=country)

    with transaction.atomic(), django_assert_num_queries(1):
        assert bulk.lock(Profile.objects.filter(country="FR")) == 2


@pytest.mark.django_db(transaction=True)
def test_a_locked_set_waits_for_nobody_and_makes_others_wait():
    """Another writer changes the row only after the block; on SQLite the one write lock does the same."""
    profile = ProfileFactory(city="Paris")
    seen, locked = [], threading.Event()

    def other():
        try:
            locked.wait(10)
            Profile.objects.filter(pk=profile.pk).update(city="Lyon")
            seen.append("written")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(other)
        with transaction.atomic():
            assert bulk.lock(Profile.objects.filter(city="Paris")) == 1
            locked.set()
            with pytest.raises(TimeoutError):
                future.result(0.5)
            assert (seen, Profile.objects.get().city) == ([], "Paris")
        future.result(10)

    assert (seen, Profile.objects.get().city) == (["written"], "Lyon")
