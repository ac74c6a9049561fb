"""The marketing history: every part in one order, page by page, nothing twice and nothing passed over."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from profiles import consent, subscriptions, timeline
from profiles.models import ConsentEvent, Profile, Source
from profiles.timeline import Entry, Part
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory

START = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
LATER = START + timedelta(days=365)


def part(key, *minutes, **fields):
    """A part with an entry at each of these minutes."""
    own = sorted((Entry(START + timedelta(minutes=minute), f"{key} {minute}") for minute in minutes), key=lambda one: one.at)

    def entries(profile, before, limit):
        return [entry for entry in reversed(own) if entry.at < before][:limit]

    return Part(key, key.title(), entries, lambda profile: len(own), lambda profile: own[0].at if own else None, **fields)


def titles(page):
    return [entry.title for entry in page.entries]


def all_pages(chosen, limit):
    before = LATER
    while before:
        page = timeline.page(None, chosen, before=before, limit=limit)
        yield titles(page)
        before = page.older


def test_timeline_mixes_the_parts_newest_first():
    chosen = [part("mail", 1, 4, 9), part("click", 5), part("nothing")]

    page = timeline.page(None, chosen, before=LATER)

    assert titles(page) == ["mail 9", "click 5", "mail 4", "mail 1"]
    assert [entry.kind for entry in page.entries] == ["mail", "click", "mail", "mail"]
    assert page.older is None


def test_timeline_pages_show_everything_once():
    chosen = [part("mail", *range(0, 50, 2)), part("click", *range(1, 50, 2))]
    expected = [f"{'click' if minute % 2 else 'mail'} {minute}" for minute in range(49, -1, -1)]

    for limit in (1, 7, 49, 50, 51):
        pages = list(all_pages(chosen, limit))
        assert [title for page in pages for title in page] == expected, limit
        assert max(map(len, pages)) == min(limit, 50)


def test_timeline_keeps_entries_of_one_moment_on_one_page():
    chosen = [part("mail", 1, 2, 2, 2, 3), part("click", 2, 2, 4)]

    assert [sorted(page) for page in all_pages(chosen, 3)] == [
        ["click 4", "mail 3"],
        ["click 2", "click 2", "mail 1", "mail 2", "mail 2", "mail 2"],
    ]


def test_timeline_summary_takes_the_earliest_and_the_counts():
    mail, click = part("mail", 5, 9), part("click", 3)

    summary = timeline.summary(None, [mail, click, part("nothing")], now=LATER)

    assert (summary.first, summary.total) == (START + timedelta(minutes=3), 3)
    assert [(one.key, count) for one, count in summary.counts] == [("mail", 2), ("click", 1), ("nothing", 0)]


def test_timeline_chart_has_twelve_months_and_adds_the_parts():
    mail = part("mail", months=lambda profile, since: {date(2026, 3, 1): 2, date(2026, 1, 1): 1})
    click = part("click", months=lambda profile, since: {date(2026, 3, 1): 3})

    months = timeline.summary(None, [mail, click], now=START).months

    assert months[0] == (date(2025, 4, 1), 0)
    assert months[-3:] == [(date(2026, 1, 1), 1), (date(2026, 2, 1), 0), (date(2026, 3, 1), 5)]
    assert len(months) == 12


def test_timeline_shows_a_part_only_to_those_who_may_see_it():
    assert [one.key for one in timeline.parts()] == ["messages", "tracking", "subscriptions", "consent", "addresses"]
    own = timeline.parts(lambda permission: permission.startswith("deliveries."))
    assert [one.key for one in own] == ["messages", "tracking"]


@pytest.mark.django_db
def test_timeline_months_are_those_of_the_operators_zone(settings):
    profile = ProfileFactory()
    for moment in (datetime(2026, 2, 28, 22, 59, tzinfo=UTC), datetime(2026, 2, 28, 23, 30, tzinfo=UTC)):
        ConsentEvent.objects.create(profile=profile, scope="sms", before=False, after=True, at=moment, source=Source.OPERATOR)

    with timezone.override("Europe/Paris"):
        assert timeline.by_month(ConsentEvent.objects.all(), "at") == {date(2026, 2, 1): 1, date(2026, 3, 1): 1}


@pytest.fixture
def marie(db):
    """Ticked email, then subscribed; her mobile is quarantined."""
    profile = ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org", mobile="+33612345678")
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    subscriptions.subscribe(profile, ServiceFactory(label="Thursday letter"), source=Source.OPERATOR, by="Ana Lopes")
    QuarantinedAddressFactory(channel="sms", address=profile.mobile, error_at=START, error_text="unknown subscriber")
    QuarantinedAddressFactory(channel="sms", address="marie@example.org")
    return profile


def shown(profile, **options):
    chosen = timeline.parts()
    found = timeline.page(profile, chosen, before=timezone.now() + timedelta(days=1), **options).entries
    return [(entry.kind, entry.title, entry.state) for entry in found]


def test_timeline_of_a_profile_has_its_choices_subscriptions_and_addresses(marie):
    ProfileFactory(opted_out=["all"])

    assert shown(marie) == [
        ("subscriptions", "Thursday letter", "subscribed"),
        ("consent", "No longer contact by email", "ticked: no longer contact"),
        ("addresses", "Address +33612345678", "Quarantine"),
    ]


def url(profile, query=""):
    return f"/admin/profiles/{profile.pk}/marketing-history/{query}"


def test_page_links_each_entry_to_its_record(backoffice, marie):
    html = backoffice.get(url(marie)).content.decode()

    event = ConsentEvent.objects.get(scope="email")
    service = ConsentEvent.objects.get(scope="service").service_id
    assert f'href="/admin/profiles/{marie.pk}/consent-history/?event={event.pk}#event-{event.pk}"' in html
    assert f'href="/admin/profiles/service/{service}/change/"' in html
    assert "unknown subscriber" in html


def test_page_shows_only_the_chosen_kinds(backoffice, marie):
    response = backoffice.get(url(marie, "?kind=consent&kind=addresses&kind=nonsense"))

    assert [entry.kind for entry in response.context["page"].entries] == ["consent", "addresses"]
    assert response.context["summary"].total == 3


@pytest.mark.parametrize("query", ["?before=yesterday", "?before=2026-02-31T00:00:00Z", "?before=2026-03-03T10:00:00", "?kind=x"])
def test_page_takes_nonsense_for_nothing(backoffice, marie, query):
    assert len(backoffice.get(url(marie, query)).context["page"].entries) == 3


def test_page_leads_to_older_entries(backoffice, marie, monkeypatch):
    for number in range(60):
        consent.apply_choices(marie, {"push": number % 2 == 0}, source=Source.OPERATOR)

    response = backoffice.get(url(marie))
    seen = [entry.title for entry in response.context["page"].entries]
    response = backoffice.get(url(marie, response.context["older"]))
    seen += [entry.title for entry in response.context["page"].entries]

    assert len(seen) == 63
    assert response.context["page"].older is None
    assert "Back to the newest" in response.content.decode()


def test_page_hides_what_the_operator_may_not_see(client, marie, django_user_model):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    ben.user_permissions.add(Permission.objects.get(codename="view_profile"))
    client.force_login(ben)

    response = client.get(url(marie))

    assert (response.context["page"].entries, response.context["summary"].total) == ([], 0)
    assert "Thursday letter" not in response.content.decode()


def test_page_says_that_nothing_happened_yet(backoffice):
    html = backoffice.get(url(ProfileFactory())).content.decode()

    assert "Nothing has happened with this profile yet" in html


def test_page_takes_as_many_queries_for_a_thousand_entries_as_for_one(backoffice, marie, django_assert_num_queries):
    backoffice.get(url(marie))
    with CaptureQueriesContext(connection) as captured:
        backoffice.get(url(marie))
    ConsentEvent.objects.bulk_create(
        ConsentEvent(
            profile=marie,
            scope="push",
            before=bool(number % 2),
            after=not number % 2,
            at=START + timedelta(hours=number),
            source=Source.OPERATOR,
        )
        for number in range(1000)
    )

    with django_assert_num_queries(len(captured)):
        backoffice.get(url(marie))


def test_profile_has_the_marketing_history_as_its_last_tab(backoffice, marie):
    html = backoffice.get(f"/admin/profiles/profile/{marie.pk}/change/").content.decode()

    assert html.index("/exclusion-log/") < html.index(f'href="{url(marie)}"')
    assert Profile.objects.count() == 1


@pytest.mark.parametrize(("language", "names"), [("en", ["June", "July"]), ("fr", ["juin", "juil."])])
def test_no_two_months_of_the_chart_have_one_name(backoffice, settings, language, names):
    settings.LANGUAGE_CODE = language
    profile = ProfileFactory()

    html = backoffice.get(reverse("profiles:marketing_history", args=[profile.pk])).content.decode()

    shown = [first + rest for first, rest in re.findall(r'aria-hidden="true">(\w)<span class="rest">([^<]*)</span>', html)]
    assert len(shown) == len(set(shown)) == 12
    assert [name for name in shown if name in names] == sorted(names, key=shown.index)
