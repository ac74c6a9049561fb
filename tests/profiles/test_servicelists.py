"""Lists that subscribe and unsubscribe: what is read, what is named, what is done."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from profiles import ledger, servicelists, subscriptions
from profiles.models import ConsentEvent, Notice, Profile, Service, Source, Subscription
from profiles.servicelists import subscribe_listed, unsubscribe_listed
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def service():
    return ServiceFactory(label="Thursday letter", subscribed_message="default", unsubscribed_message="default")


def figures(result):
    return (result.addresses, result.found, result.not_found, result.profiles, result.changed, len(result.bad_lines))


@pytest.mark.parametrize(
    ("text", "addresses", "bad_lines"),
    [
        ("a@example.org\nb@example.org\r\nA@Example.org\n", ["a@example.org", "b@example.org"], []),
        ("Dupont, Marie <a@example.org>; b@example.org", ["a@example.org", "b@example.org"], []),
        ("Email\na@example.org\nno address\n", ["a@example.org"], [3]),
        ("\ufeffname;E-mail;city\nDupont;a@example.org;Lyon\nPetit;;Paris\n", ["a@example.org"], []),
        ('name,email\n"Dupont, Marie",a@example.org\n"Petit,b@example.org\nDurand,c@example.org\n', None, [3]),
        ("name,email\nDupont\n", [], [2]),
        ("", [], []),
    ],
)
def test_a_list_is_read_as_text_or_as_the_email_column_of_a_csv(text, addresses, bad_lines):
    read = servicelists.read(text)

    assert sorted({one.line for one in read.bad_lines}) == bad_lines
    if addresses is not None:
        assert read.addresses == addresses
    else:
        assert {"a@example.org", "c@example.org"} <= set(read.addresses)


def test_a_list_subscribes_the_oldest_profile_of_each_address(service):
    oldest, twin = ProfileFactory(email="marie@example.org"), ProfileFactory(email="marie@example.org")
    already = ProfileFactory(email="susie@example.org")
    subscriptions.subscribe(already, service, source=Source.OPERATOR)
    Notice.objects.all().delete()
    text = "marie@example.org, MARIE@example.org\nsusie@example.org\nnobody@example.org\nnonsense@\n"

    dry = subscribe_listed(text, service, by="Ana", dry=True)
    assert (figures(dry), Subscription.objects.count()) == ((3, 2, 1, 2, 1, 1), 1)

    assert figures(subscribe_listed(text, service, by="Ana", note="spring fair")) == (3, 2, 1, 2, 1, 1)
    assert figures(subscribe_listed(text, service, by="Ana"))[4] == 0

    assert sorted(Subscription.objects.values_list("profile", flat=True)) == [oldest.pk, already.pk]
    event = ConsentEvent.objects.latest("pk")
    assert (event.profile_id, event.source, event.by, event.detail) == (oldest.pk, "import", "Ana", "spring fair")
    assert (Notice.objects.count(), list(ledger.disagreements())) == (0, [])
    assert twin.subscriptions.count() == 0


def test_a_list_unsubscribes_every_profile_that_has_the_address(service):
    people = [ProfileFactory(email=email) for email in ("marie@example.org", "marie@example.org", "stays@example.org")]
    for one in people:
        subscriptions.subscribe(one, service, source=Source.OPERATOR)
    Notice.objects.all().delete()

    dry = unsubscribe_listed("marie@example.org\nnobody@example.org", service, by="Ana", dry=True)
    assert (figures(dry), Subscription.objects.count()) == ((2, 1, 1, 2, 2, 0), 3)
    assert figures(unsubscribe_listed("marie@example.org\nnobody@example.org", service, by="Ana")) == (2, 1, 1, 2, 2, 0)

    assert list(Subscription.objects.values_list("profile", flat=True)) == [people[2].pk]
    assert (Notice.objects.count(), list(ledger.disagreements())) == (0, [])


def test_a_list_of_10_000_lines_is_done_and_undone(service):
    Profile.objects.bulk_create(Profile(email=f"p{number}@example.org") for number in range(9_000))
    text = "email\n" + "\n".join(f"P{number % 9_500}@example.org" for number in range(10_000))

    assert figures(subscribe_listed(text, service, by="Ana")) == (9_500, 9_000, 500, 9_000, 9_000, 0)
    assert (Subscription.objects.count(), ConsentEvent.objects.count()) == (9_000, 9_000)
    assert figures(unsubscribe_listed(text, service, by="Ana"))[4] == 9_000
    assert (Subscription.objects.count(), list(ledger.disagreements())) == (0, [])


# The page


def url(service):
    return reverse("profiles:service_list", args=[service.pk])


def confirmed(response):
    return re.search(r'name="confirmed" value="([^"]+)"', response.content.decode())[1]


def test_the_page_first_shows_the_numbers_and_then_acts(backoffice, service):
    ProfileFactory(email="marie@example.org")
    data = {"act": "subscribe", "text": "marie@example.org\nnobody@example.org", "note": "fair"}

    shown = backoffice.post(url(service), data)

    assert [number for _label, number in shown.context["figures"]] == [2, 1, 1, 0, 1]
    assert Subscription.objects.count() == 0
    done = backoffice.post(url(service), data | {"confirmed": confirmed(shown)}, follow=True)
    assert "1 profile was subscribed." in done.content.decode()
    event = ConsentEvent.objects.get()
    assert (event.detail, event.by) == ("fair", "Ana Lopes")


def test_a_file_is_shown_in_the_field_and_confirmed_from_there(backoffice, service):
    ProfileFactory(email="marie@example.org")
    file = SimpleUploadedFile("list.csv", b"nom;email\nDupont;marie@example.org\n")

    shown = backoffice.post(url(service), {"act": "subscribe", "text": "", "file": file})
    text = shown.context["form"]["text"].value()
    backoffice.post(url(service), {"act": "subscribe", "text": text, "note": "", "confirmed": confirmed(shown)})

    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"text": "marie@example.org\nsusie@example.org"}, 409),
        ({"act": "unsubscribe"}, 409),
        ({"note": "x"}, 409),
        ({"act": ""}, 422),
    ],
)
def test_what_is_confirmed_is_what_was_shown(backoffice, service, change, status):
    ProfileFactory(email="marie@example.org")
    data = {"act": "subscribe", "text": "marie@example.org", "note": ""}
    seal = confirmed(backoffice.post(url(service), data))

    response = backoffice.post(url(service), data | change | {"confirmed": seal})

    assert (response.status_code, Subscription.objects.count()) == (status, 0)


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_a_file_that_cannot_be_read_is_told(backoffice, service, content):
    response = backoffice.post(url(service), {"act": "subscribe", "file": SimpleUploadedFile("list.csv", content)})

    assert (response.status_code, Subscription.objects.count()) == (422, 0)


def test_a_service_outside_its_days_takes_no_list(backoffice, service):
    ProfileFactory(email="marie@example.org")
    Service.objects.update(starts_on=timezone.localdate() + timezone.timedelta(days=1))

    response = backoffice.post(url(service), {"act": "subscribe", "text": "marie@example.org"})

    assert response.status_code == 422
    assert "takes no new subscriptions today" in response.content.decode()
    assert Subscription.objects.count() == 0
