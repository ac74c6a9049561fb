"""The pages of a service: its record, who is subscribed, its history, its dashboard."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from profiles import charts, merging, servicefigures, subscriptions
from profiles.models import ConsentEvent, Service, Source, Subscription
from tests.factories import LandingPageFactory, ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
RECORD = {"label": "Letter", "public_label": "The letter", "channel": "email", "subscribed_message": "none",
          "unsubscribed_message": "none"}  # fmt: skip


@pytest.fixture
def service():
    return ServiceFactory(label="Thursday letter")


def change(service):
    return reverse("admin:profiles_service_change", args=[service.pk])


def text(response):
    return response.content.decode()


def subscribe(profile, service):
    subscriptions.subscribe(profile, service, source=Source.OPERATOR, by="Ana")


# The record


def test_a_service_is_stored_with_all_that_was_said(backoffice):
    data = RECORD | {
        "description": "Weekly",
        "channel": "sms",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "validity_amount": "10",
        "validity_unit": "days",
        "double_opt_in": "on",
        "subscribed_message": "custom",
        "subscribed_subject_en": "Welcome to {service}",
        "subscribed_text_en": "Until {expires}.",
        "unsubscribed_message": "default",
    }

    response = backoffice.post(reverse("admin:profiles_service_add"), data)

    service = Service.objects.get()
    assert response.headers["Location"] == change(service)
    assert (service.name, str(service.starts_on), str(service.ends_on), service.validity) == (
        f"SVC{service.pk}", "2026-01-01", "2026-12-31", "10 days",
    )  # fmt: skip
    assert (service.channel, service.double_opt_in, service.subscribed_message, service.unsubscribed_message) == (
        "sms", True, "custom", "default",
    )  # fmt: skip
    assert service.texts["subscribed"]["en"] == {"subject": "Welcome to {service}", "text": "Until {expires}."}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"label": ""}, "label"),
        ({"public_label": ""}, "public_label"),
        ({"channel": "push"}, "channel"),
        ({"starts_on": "2026-02-02", "ends_on": "2026-02-01"}, "__all__"),
        ({"validity_amount": "10"}, "validity_amount"),
        ({"validity_unit": "days"}, "validity_amount"),
        ({"validity_amount": "0", "validity_unit": "days"}, "validity_amount"),
        ({"validity_amount": "1000", "validity_unit": "years"}, "validity_amount"),
        ({"subscribed_message": "custom"}, "subscribed_message"),
        ({"subscribed_message": "custom", "subscribed_subject_en": "Hello"}, "subscribed_text_en"),
        ({"subscribed_text_fr": "Bonjour"}, "subscribed_subject_fr"),
        ({"subscribed_subject_en": "{{ service }}", "subscribed_text_en": "Hello"}, "subscribed_subject_en"),
        ({"subscribed_subject_en": "Hello", "subscribed_text_en": "{first_name}"}, "subscribed_text_en"),
        ({"unsubscribed_subject_en": "Hello", "unsubscribed_text_en": "{expires}"}, "unsubscribed_text_en"),
        ({"unsubscribed_subject_en": "Hello", "unsubscribed_text_en": "{"}, "unsubscribed_text_en"),
        ({"unsubscribed_subject_en": "Hello", "unsubscribed_text_en": "% } {"}, "unsubscribed_text_en"),
    ],
)
def test_a_service_that_cannot_be_is_told_at_the_field_and_not_stored(backoffice, wrong, field):
    response = backoffice.post(reverse("admin:profiles_service_add"), RECORD | wrong)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert Service.objects.count() == 0


def test_a_fault_in_a_custom_message_is_told_once_and_seen(backoffice):
    wrong = {"subscribed_message": "none", "subscribed_subject_en": "Welcome {name}", "subscribed_text_en": "Good to see you."}

    response = backoffice.post(reverse("admin:profiles_service_add"), RECORD | wrong)

    form = response.context["form"]
    assert {name: len(errors) for name, errors in form.errors.items()} == {"subscribed_subject_en": 1}
    assert [message["is_faulty"] for message in form.messages] == [True, False]
    assert Service.objects.count() == 0


def test_the_channel_stays_what_it_was(backoffice, service):
    backoffice.post(change(service), RECORD | {"channel": "sms"})

    assert Service.objects.values_list("label", "channel").get() == ("Letter", "email")


def test_two_operators_at_once_keep_what_each_of_them_typed(backoffice, service):
    form = backoffice.get(change(service)).context["form"]
    shown = {f"initial-{name}": form.initial.get(name) or "" for name in form.fields} | {"initial-double_opt_in": "False"}
    sent = RECORD | {"label": service.label, "public_label": service.public_label}
    Service.objects.update(description="From somebody else")

    backoffice.post(change(service), sent | shown | {"label": "Friday letter"})

    assert Service.objects.values_list("label", "description").get() == ("Friday letter", "From somebody else")


def test_a_service_that_pages_name_cannot_be_deleted_and_the_reason_is_told(backoffice, service):
    LandingPageFactory(template="subscription", service=service, label="Subscribe to it")
    url = reverse("admin:profiles_service_delete", args=[service.pk])

    response = backoffice.post(url, {"post": "yes"})

    assert (response.status_code, Service.objects.count()) == (409, 1)
    assert "landing page: Subscribe to it" in text(response)


def test_a_service_with_nothing_but_history_cannot_be_deleted(backoffice, service):
    profile = ProfileFactory()
    subscribe(profile, service)
    subscriptions.unsubscribe(profile, service, source=Source.OPERATOR)

    response = backoffice.post(reverse("admin:profiles_service_delete", args=[service.pk]), {"post": "yes"})

    assert (response.status_code, Service.objects.count()) == (409, 1)
    assert "The consent history names it 2 times." in text(response)


# Subscriptions and history


def test_subscriptions_are_those_of_now_newest_first(backoffice, service):
    people = [ProfileFactory(last_name=name) for name in ("Durand", "Petit", "Moreau")]
    for one in people:
        subscribe(one, service)
    subscribe(people[0], ServiceFactory())
    Subscription.objects.filter(profile=people[1]).update(expires_at=timezone.now() - timedelta(minutes=1))
    url = reverse("profiles:service_subscriptions", args=[service.pk])

    assert [one.profile.last_name for one in backoffice.get(url).context["rows"]] == ["Moreau", "Durand"]
    assert [one.profile.last_name for one in backoffice.get(url + "?q=dur").context["rows"]] == ["Durand"]
    assert "Nobody who is subscribed has such a name" in text(backoffice.get(url + "?q=petit"))


def test_history_names_who_came_and_left_and_who_did_it(backoffice, service):
    profile = ProfileFactory(first_name="Marie", last_name="Dupont")
    subscribe(profile, service)
    subscriptions.unsubscribe(profile, service, source=Source.ONE_CLICK)
    subscribe(profile, ServiceFactory())

    rows = backoffice.get(reverse("profiles:service_history", args=[service.pk])).context["rows"]

    assert [(str(row["profile"]), row["change"], row["who"]) for row in rows] == [
        ("Marie Dupont", "unsubscribed", "the person herself"),
        ("Marie Dupont", "subscribed", "Ana"),
    ]


@pytest.mark.parametrize("name", ["subscriptions", "history", "dashboard"])
def test_pages_of_a_service_have_the_same_number_of_queries_for_1_and_3_rows(backoffice, django_assert_max_num_queries, name):
    counts = []
    for people in (1, 3):
        service = ServiceFactory()
        for one in ProfileFactory.create_batch(people):
            subscribe(one, service)
        with django_assert_max_num_queries(20) as captured:
            backoffice.get(reverse(f"profiles:service_{name}", args=[service.pk]))
        counts.append(len(captured))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["subscriptions", "history", "dashboard", "list"])
def test_pages_of_a_service_say_what_to_do_where_there_is_nothing(backoffice, service, name):
    response = backoffice.get(reverse(f"profiles:service_{name}", args=[service.pk]))

    assert response.status_code == 200
    assert backoffice.get(reverse(f"profiles:service_{name}", args=[0])).status_code == 404


# Figures


def event(service, ago, after):
    ConsentEvent.objects.create(
        profile=ProfileFactory(), scope="service", service=service, before=not after, after=after, at=timezone.now() - ago,
        source="operator",
    )  # fmt: skip


def test_figures_by_period_count_what_lies_within(service):
    for hours in (1, 7, 13, 25, 49):
        event(service, timedelta(hours=hours), False)
    for days in (8, 15, 31, 200):
        event(service, timedelta(days=days), True)
    event(ServiceFactory(), timedelta(minutes=1), False)

    found = servicefigures.by_period(service, timezone.now())

    assert [(period.name, one.created, one.ended, one.evolution) for period, one in found] == [
        ("6h", 1, 0, 1),
        ("12h", 2, 0, 2),
        ("24h", 3, 0, 3),
        ("48h", 4, 0, 4),
        ("1w", 5, 0, 5),
        ("2w", 5, 1, 4),
        ("1m", 5, 2, 3),
        ("6m", 5, 3, 2),
    ]


@pytest.mark.parametrize("period", servicefigures.PERIODS.values(), ids=list(servicefigures.PERIODS))
def test_a_curve_has_every_event_of_its_period_in_one_step(service, period):
    for place in range(period.steps):
        event(service, period.step * place + period.step / 2, False)
    event(service, period.length + timedelta(minutes=1), False)

    steps = servicefigures.curve(service, period, timezone.now())

    assert [step.created for step in steps] == [1] * period.steps


@pytest.mark.parametrize(("highest", "top"), [(0, "2"), (1, "2"), (2, "2"), (3, "4"), (11, "20"), (99, "100"), (101, "200")])
def test_a_chart_ends_at_a_round_number(highest, top):
    assert charts.chart({"created": [0, highest]}, ["a", "b"]).levels[-1].label == top


def test_the_dashboard_tells_the_curve_as_numbers_too(backoffice, service):
    subscribe(ProfileFactory(), service)

    for period in ("", "6h", "6m", "nonsense"):
        response = backoffice.get(reverse("profiles:service_dashboard", args=[service.pk]) + f"?period={period}")
        assert (response.context["now"], response.context["created"], response.context["ended"]) == (1, 1, 0)
        assert sum(step.created for _label, step in response.context["steps"]) == 1
        assert 'role="img"' in text(response)


# The profile's tab


def test_the_tab_of_a_profile_tells_what_runs_out_and_what_ended(backoffice):
    profile, limited, left = (
        ProfileFactory(),
        ServiceFactory(validity_amount=1, validity_unit="days"),
        ServiceFactory(label="Old"),
    )
    subscribe(profile, limited)
    subscribe(profile, left)
    subscriptions.unsubscribe(profile, left, source=Source.ONE_CLICK)

    response = backoffice.get(reverse("profiles:subscriptions", args=[profile.pk]))

    assert [one.expires_at is not None for one in response.context["subscriptions"]] == [True]
    assert [row["event"].service_label for row in response.context["ended"]] == ["Old"]
    assert "Renew" in text(response)
    backoffice.post(reverse("profiles:subscribe", args=[profile.pk]), {"service": limited.pk})
    assert ConsentEvent.objects.filter(service=limited).count() == 1


def test_an_operator_is_told_that_a_service_takes_nobody(backoffice):
    profile, service = ProfileFactory(), ServiceFactory(ends_on=timezone.localdate() - timedelta(days=1))

    response = backoffice.post(reverse("profiles:subscribe", args=[profile.pk]), {"service": service.pk}, follow=True)

    assert "takes no new subscriptions today" in text(response)
    assert Subscription.objects.count() == 0


def test_history_finds_what_a_merged_profile_did_by_the_one_it_was_merged_into(backoffice, service, operator):
    winner, loser = ProfileFactory(last_name="Moreau", email="m@example.org"), ProfileFactory(last_name="Petit")
    other = ProfileFactory(last_name="Durand")
    for one in (loser, other):
        subscribe(one, service)
        subscriptions.unsubscribe(one, service, source=Source.ONE_CLICK)
    subscribe(winner, service)
    merging.merge(winner, loser, from_loser={"last_name"}, revisions=(winner.revision, loser.revision), by=operator)
    url = reverse("profiles:service_history", args=[service.pk])

    found = [(str(row["profile"].pk), row["change"]) for row in backoffice.get(url + "?q=petit").context["rows"]]
    by_address = backoffice.get(url + "?q=m@example.org").context["rows"]

    assert sorted(found) == [(str(winner.pk), "subscribed")] * 2 + [(str(winner.pk), "unsubscribed")]
    assert len(by_address) == 3
    assert len(backoffice.get(url + "?q=durand").context["rows"]) == 2
