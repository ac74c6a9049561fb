"""A page that is rendered once and filled in is, for each person, the page that would be rendered for her."""

from datetime import date

import pytest

from landingpages import editing, looks, publishing
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.visitors import link, typed

PEOPLE = [
    {"last_name": "Dupont", "email": "marie@example.org", "opted_out": ["sms"]},
    {"last_name": "Petit", "email": "paul@example.org", "opted_out": ["sms"]},
    {"last_name": "", "email": "", "mobile": "+33612345678"},
    {"last_name": '"><b>&amp;', "email": "a'b@example.org", "opted_out": ["all", "email"]},
    {"last_name": f"{looks.MARK}0.", "first_name": "\\1 %s {{ masked }}", "email": "z@example.org"},
    {"last_name": "Ünal", "email": "u@example.org", "birth_date": date(1980, 2, 29), "preferred_language": "fr"},
]


@pytest.fixture(params=[False, True], ids=["boxes alone", "preloaded"])
def online(request, db):
    return PublishedPageFactory(preload_data=request.param)


@pytest.fixture
def alone(monkeypatch):
    """Pages that are rendered for each visitor."""

    def use():
        monkeypatch.setattr(looks, "plain_form", lambda version, language: None)

    return use


def test_everybody_gets_the_page_that_would_be_rendered_for_her(anonymous, online, alone):
    people = [ProfileFactory(**values) for values in PEOPLE]
    kept = [anonymous.get(link(online, one)) for _twice in range(2) for one in people]
    assert looks.plain_form(online.version, "en") is not None

    alone()

    rendered = [anonymous.get(link(online, one)) for _twice in range(2) for one in people]
    assert [one.content for one in kept] == [one.content for one in rendered]
    assert [dict(one.headers) for one in kept] == [dict(one.headers) for one in rendered]
    assert {one.status_code for one in kept} == {200}


def test_the_confirmation_is_the_one_that_would_be_rendered(anonymous, online, alone):
    first, second = (ProfileFactory(last_name="Dupont", email=f"{name}@example.org") for name in "ab")
    kept = anonymous.post(link(online, first), typed(online, last_name="Dupont", opted_out_sms="on"))

    alone()

    rendered = anonymous.post(link(online, second), typed(online, last_name="Dupont", opted_out_sms="on"))
    assert (kept.status_code, kept.content) == (200, rendered.content)


def test_a_page_that_depends_on_more_is_rendered_for_each(draft, block_for):
    publishing.publish(draft, by="Ana")
    assert looks.plain_form(draft.version, "en") is not None

    block = block_for(draft, "last_name")
    editing.change(draft, block.key, {"texts": {"en": {"label": "Your name, {{ profile.first_name }}"}}}, by="Ana")
    publishing.publish(draft, by="Ana")

    assert looks.plain_form(draft.version, "en") is None


def test_a_page_about_a_service_is_rendered_for_each(db):
    page = PublishedPageFactory(template="subscription", service=ServiceFactory())

    assert looks.plain_form(page.version, "en") is None


def test_no_more_looks_are_kept_than_there_is_room_for(anonymous, monkeypatch, db):
    monkeypatch.setattr(looks, "LOOKS_KEPT", 3)
    monkeypatch.setattr(looks, "_kept", {})
    online = PublishedPageFactory()

    for opted_out in ([], ["all"], ["email"], ["sms"], ["push"], ["all", "email"]):
        anonymous.get(link(online, ProfileFactory(opted_out=opted_out)))

    assert 0 < len(looks._kept) <= 3
