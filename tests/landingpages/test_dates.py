"""The dates of a page in the properties, and a publication that is scheduled on the screen."""

import html
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from landingpages import editing, publishing, scheduling
from landingpages.models import LandingPage, ScheduledPublication
from tests.factories import LandingPageFactory
from tests.landingpages.test_builder_views import read, url

pytestmark = pytest.mark.django_db
IN_PARIS = {"time_zone": "Europe/Paris", "expires_at": "2098-07-01T09:00"}


def sent(form, **typed):
    """What a browser sends of the form, with what was typed."""
    fields = {}
    for field in form:
        value = "" if field.value() is None else field.value()
        if field.field.show_hidden_initial:
            fields[field.html_initial_name] = value
        if value is not False and not field.field.disabled:
            fields[field.html_name] = f"{value:%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else value
    return fields | typed


@pytest.fixture
def save(backoffice):
    def run(page, **typed):
        form = backoffice.get(url("properties", page.pk)).context["form"]
        response = backoffice.post(url("properties", page.pk), sent(form, **typed), follow=True)
        page.refresh_from_db()
        return response

    return run


def errors(response):
    return {name: list(told) for name, told in response.context["form"].errors.items()}


def test_dates_are_read_in_the_time_zone_of_the_page(save, draft):
    save(draft, **IN_PARIS, deploys_at="2098-01-01T09:00")

    assert draft.expires_at == datetime(2098, 7, 1, 7, 0, tzinfo=UTC)
    assert draft.deploys_at == datetime(2098, 1, 1, 8, 0, tzinfo=UTC)


def test_dates_are_shown_as_they_were_typed(save, backoffice, draft):
    save(draft, **IN_PARIS)

    shown = read(backoffice, "properties", draft.pk)

    assert 'value="2098-07-01T09:00"' in shown
    assert '<option value="Europe/Paris" selected>' in shown


def test_saving_something_else_moves_no_date(save, draft):
    moment = datetime(2098, 10, 26, 0, 30, 12, tzinfo=UTC)
    editing.change_page(draft, {"expires_at": moment, "time_zone": "Europe/Paris"}, by="Ana")

    save(draft, label="Other")

    assert (draft.label, draft.expires_at) == ("Other", moment)


def test_another_time_zone_means_the_same_clock_elsewhere(save, draft):
    save(draft, **IN_PARIS)

    save(draft, time_zone="America/New_York")

    assert draft.expires_at == datetime(2098, 7, 1, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"expires_at": "2020-01-01T09:00"}, "expires_at", "This moment has passed."),
        ({"deploys_at": "2020-01-01T09:00"}, "deploys_at", "This moment has passed."),
        ({"expires_at": "soon"}, "expires_at", "Enter a valid date/time."),
        ({"time_zone": "Atlantis"}, "time_zone", "Select a valid choice."),
        (
            {"deploys_at": "2098-02-01T00:00", "expires_at": "2098-01-01T00:00"},
            "expires_at",
            "The page would expire before it is deployed.",
        ),
        (
            {"time_zone": "Europe/Paris", "expires_at": "2027-03-28T02:30"},
            "expires_at",
            "On 28 March 2027 the clocks in Europe/Paris go forward and never show 02:30: 03:30 is the same moment.",
        ),
    ],
)
def test_a_bad_date_is_told_at_its_field_and_kept_as_it_was_typed(save, draft, typed, field, told):
    response = save(draft, label="Typed", **typed)

    assert response.status_code == 422
    assert list(errors(response)) == [field]
    assert told in errors(response)[field][0]
    assert all(value in html.unescape(response.content.decode()) for value in (*typed.values(), "Typed") if value != "Atlantis")
    assert (draft.label, draft.expires_at, draft.deploys_at, draft.time_zone) == ("Vos préférences", None, None, "")


def test_a_time_that_comes_twice_is_saved_and_said(save, draft):
    response = save(draft, time_zone="Europe/Paris", expires_at="2027-10-31T02:30")

    assert draft.expires_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert "show 02:30 twice: the first time (UTC+02:00) is meant." in html.unescape(response.content.decode())


def test_a_page_is_scheduled_on_its_clock_and_says_what_will_go_online(backoffice, draft):
    editing.change_page(draft, {"time_zone": "Europe/Paris"}, by="Ana")
    draft.refresh_from_db()

    response = backoffice.post(
        url("publish", draft.pk), {"schedule": "yes", "at": "2098-07-01T09:00", "revision": draft.revision}, follow=True
    )

    waiting = ScheduledPublication.objects.get()
    assert (waiting.due_at, waiting.scheduled_by) == (datetime(2098, 7, 1, 7, 0, tzinfo=UTC), "Ana Lopes")
    text = " ".join(html.unescape(response.content.decode()).split())
    assert "goes online on 1 July 2098 09:00 (Europe/Paris, UTC+02:00)" in text
    assert "What is edited later is not part of it." in text
    assert LandingPage.objects.get(pk=draft.pk).deploys_at == waiting.due_at


@pytest.mark.parametrize("at", ["", "2020-01-01T00:00", "nonsense"])
def test_a_bad_moment_is_told_at_the_field_and_nothing_is_scheduled(backoffice, draft, at):
    response = backoffice.post(url("publish", draft.pk), {"schedule": "yes", "at": at, "revision": draft.revision})

    assert (response.status_code, list(response.context["form"].errors)) == (422, ["at"])
    assert (ScheduledPublication.objects.count(), draft.versions.count()) == (0, 0)


def test_what_waits_says_what_was_edited_since(backoffice, draft):
    scheduling.schedule(draft, at=timezone.now() + timedelta(days=1), by="Ana")
    editing.change_page(draft, {"label": "Newer"}, by="Ana")

    assert backoffice.get(url("publish", draft.pk)).context["newer"] == ["Label: “Vos préférences” → “Newer”"]
    assert "Scheduled" in read(backoffice, "list")


def test_the_date_of_a_scheduled_page_is_not_changed_behind_its_back(save, backoffice, draft):
    waiting = scheduling.schedule(draft, at=timezone.now() + timedelta(days=1), by="Ana")

    assert backoffice.get(url("properties", draft.pk)).context["form"].fields["deploys_at"].disabled
    save(draft, deploys_at="2098-01-01T09:00", time_zone="Europe/Paris")

    assert (draft.deploys_at, draft.time_zone) == (waiting.due_at, "Europe/Paris")


def test_a_failed_publication_shows_its_reason_and_is_tried_again_or_given_up(backoffice, online):
    editing.add(online, "text", by="Ana")
    scheduling.schedule(online, at=timezone.now() + timedelta(days=1), by="Ana")
    ScheduledPublication.objects.update(due_at=timezone.now(), failed_at=timezone.now(), reason="The moon was full.")

    text = read(backoffice, "publish", online.pk)
    assert "Publishing failed" in text
    assert "The moon was full." in text
    assert "The former version is still online." in text
    assert "Publishing failed" in read(backoffice, "list", status="failed")

    backoffice.post(url("retry", online.pk))

    online.refresh_from_db()
    assert (online.status, online.version.number, ScheduledPublication.objects.count()) == ("online", 2, 0)


def test_what_waits_is_taken_back_by_its_button(backoffice, draft):
    scheduling.schedule(draft, at=timezone.now() + timedelta(days=1), by="Ana")

    assert backoffice.get(url("unschedule", draft.pk)).status_code == 405
    backoffice.post(url("unschedule", draft.pk))

    assert not ScheduledPublication.objects.exists()


def test_a_page_that_expired_by_the_clock_is_closed_before_the_worker_says_so(client):
    page = LandingPageFactory(expires_at=timezone.now() + timedelta(hours=1))
    publishing.publish(page, by="Ana")
    assert client.get(f"/lp/{page.slug}/").status_code == 200
    version = page.version
    gone = version.content | {"settings": version.content["settings"] | {"expires_at": "2026-01-01T00:00:00+00:00"}}
    page.version = type(version).objects.create(page=page, number=2, content=gone, published_at=timezone.now())
    page.save(update_fields=["version"])

    assert client.get(f"/lp/{page.slug}/").status_code == 410
    assert LandingPage.objects.get(pk=page.pk).status == "online"

    assert publishing.close_expired() == 1
    assert client.get(f"/lp/{page.slug}/").status_code == 410
    assert LandingPage.objects.get(pk=page.pk).status == "closed"
