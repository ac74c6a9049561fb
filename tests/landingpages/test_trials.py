"""Test mode: the real code, taken back; what it would have done is told; no row is written."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from landingpages import editing, trials
from profiles.models import Notice, Profile
from tests.factories import ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import everything, stamped, typed

pytestmark = pytest.mark.django_db


def url(page, visitor="stranger", *, version="edited", age="fresh", part=""):
    return f"/admin/landing-pages/{page.pk}/test/{version}/{visitor}/{age}/{part}"


def filled(page, *, version="edited", seconds=10, **values):
    """The form of the tested version as a browser would send it."""
    tested = trials.version_of(page, version)
    page.version = tested
    return stamped(page, seconds=seconds) | typed(page, **values)


def sent(backoffice, page, data, visitor="stranger", **values):
    """The answer to a form, after the whole database was compared."""
    before = everything()
    answer = backoffice.post(url(page, visitor, **values), data)
    after = everything()
    assert [name for name in after if after[name] != before[name]] == []
    return answer, " ".join(answer.content.decode().split())


@pytest.fixture
def here(backoffice):
    backoffice.get("/admin/")
    return backoffice


def test_a_stranger_nobody_knows_would_become_a_profile(here, draft):
    data = filled(draft, last_name="Petit", email="new@example.org", opted_out_sms=True)

    answer, text = sent(here, draft, data)

    assert answer.status_code == 200
    assert "Test: nothing is written" in text
    assert "nobody has this address, a profile is created" in text
    assert "<td>Petit</td>" in text
    assert "No longer contact by SMS" in text
    assert "No mail leaves." in text
    assert not Profile.objects.exists()


def test_a_known_address_would_be_asked_by_email(here, draft):
    ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org")
    data = filled(draft, last_name="Petit", email="marie@example.org")

    _answer, text = sent(here, draft, data)

    assert "a profile that exists, found by Email" in text
    assert "<strong>Marie Dupont</strong>" in text
    assert "To be confirmed by m•••e@example.org" in text
    assert "A mail to m•••e@example.org" in text
    assert "Confirmation asked by email" in text
    assert not Notice.objects.exists()


def test_a_profile_with_a_fresh_link_changes_at_once(here, draft):
    profile = ProfileFactory(last_name="Dupont", opted_out=["sms"])
    data = filled(draft, last_name="Durand", opted_out_email=True)

    _answer, text = sent(here, draft, data, profile.pk)

    assert "known by the link" in text
    assert "<td>Dupont</td><td>Durand</td>" in text
    assert "No longer contact by email" in text


def test_a_link_older_than_the_opt_out_has_to_be_confirmed(here, draft):
    profile = ProfileFactory(opted_out=["sms"])
    data = filled(draft, last_name=profile.last_name)

    _answer, fresh = sent(here, draft, data, profile.pk)
    _answer, before = sent(here, draft, data, profile.pk, age="before")

    assert "To be confirmed" not in fresh
    assert "To be confirmed" in before


def test_a_link_older_than_30_days_shows_nothing_and_stops_what_is_ticked(here, draft):
    profile = ProfileFactory(first_name="Wilhelmina")

    looked = here.get(url(draft, profile.pk, age="old") + "?lang=en").content.decode()
    _answer, text = sent(here, draft, {"stop": ["email"]}, profile.pk, age="old")

    assert "older than 30 days" in looked
    assert "Wilhelmina" not in looked
    assert "No longer contact by email" in text


def test_a_form_that_visitors_would_have_refused_is_refused(here, draft):
    answer, text = sent(here, draft, filled(draft, last_name="", email="new@example.org"))
    fast, told = sent(here, draft, filled(draft, seconds=0, last_name="Petit", email="new@example.org"))

    assert (answer.status_code, fast.status_code) == (422, 422)
    assert "The form is refused" in text
    assert "That was very fast" in told


def test_a_form_opened_before_an_edit_is_told(here, draft):
    data = filled(draft, last_name="Petit", email="new@example.org")
    editing.change(draft, draft.blocks.first().key, {"texts": {"en": {"label": "Other"}}}, by="Ana")

    answer, text = sent(here, draft, data)

    assert answer.status_code == 422
    assert "This page was changed while you had it open" in text


def test_the_published_version_can_be_tested_while_another_is_edited(here, online):
    block = online.blocks.get(kind="heading")
    editing.change(online, block.key, {"texts": {"en": {"label": "Brand new heading"}}}, by="Ana")

    edited, published = here.get(url(online) + "?lang=en"), here.get(url(online, version="1") + "?lang=en")
    data = filled(online, version="1", last_name="Petit", email="new@example.org")
    _answer, text = sent(here, online, data, version="1")

    assert "Brand new heading" in edited.content.decode()
    assert "Brand new heading" not in published.content.decode()
    assert "a profile is created" in text


def test_asking_for_a_link_is_rehearsed_too(here, draft):
    ProfileFactory(email="marie@example.org")
    data = filled(draft) | {"address": "marie@example.org"}

    _answer, text = sent(here, draft, data, part="fresh-link/")

    assert "A mail to m•••e@example.org" in text


def test_no_form_of_a_tested_page_leads_to_the_page_that_works(here, draft):
    profile = ProfileFactory()
    for address in (url(draft), url(draft, part="fresh-link/"), url(draft, profile.pk), url(draft, profile.pk, age="old")):
        answer = here.get(address)
        assert "/lp/" not in answer.content.decode()
        assert f"form-action http://testserver/admin/landing-pages/{draft.pk}/test/" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_crash_of_the_real_code_is_told_and_written_nowhere(here, draft, monkeypatch):
    def broken(one):
        raise ValueError("broken")

    monkeypatch.setattr("landingpages.reconciling._reconcile", broken)
    _answer, text = sent(here, draft, filled(draft, last_name="Petit", email="new@example.org"))

    assert "It could not be processed: see the log." in text


def test_another_s_submission_is_never_taken_for_the_test_s(here, online, client):
    PublishedPageFactory()
    data = filled(online, version="1", last_name="Petit", email="new@example.org")
    answer, text = sent(here, online, data, version="1")

    assert answer.status_code == 200
    assert "a profile is created" in text


def test_who_may_not_see_profiles_tests_as_a_stranger_and_learns_nobody_s_values(client, draft, django_user_model):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    profile = ProfileFactory(first_name="Wilhelmina", last_name="Featherstone", email="marie@example.org")
    client.force_login(ben)
    assert client.get(url(draft)).status_code == 403
    ben.user_permissions.add(Permission.objects.get(codename="test_landingpage"))

    data = filled(draft, last_name="Petit", email="marie@example.org")
    answer = client.post(url(draft), data)

    assert client.get(url(draft, profile.pk)).status_code == 404
    assert answer.status_code == 200
    assert [name for name in ("Wilhelmina", "Featherstone") if name in answer.content.decode()] == []


def test_the_choices_lead_to_the_frame(backoffice, draft):
    profile = ProfileFactory(first_name="Marie", last_name="Dupont", opted_out=["sms"])

    found = backoffice.get(f"/admin/landing-pages/{draft.pk}/test/?q=Dupont").content.decode()
    chosen = backoffice.get(f"/admin/landing-pages/{draft.pk}/test/?visitor={profile.pk}&age=before").content.decode()

    assert f"?visitor={profile.pk}&amp;version=edited" in found
    assert f'src="{url(draft, profile.pk, age="before")}"' in chosen


def test_the_form_of_a_visitor_can_be_sent_by_a_browser_that_is_logged_in(operator, draft):
    """It carries no token of the session: there is none on the page that visitors get."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)

    answer = strict.post(url(draft), filled(draft, last_name="Petit", email="new@example.org"))

    assert answer.status_code == 200
    assert "a profile is created" in " ".join(answer.content.decode().split())


def test_visits_of_a_test_are_not_counted(backoffice, draft):
    from landingpages.visitcounts import tally

    tally.flush()
    backoffice.get(url(draft), headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})

    assert tally.flush() == 0
