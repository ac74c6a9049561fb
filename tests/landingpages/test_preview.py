"""The preview of the builder: what is typed, in either colours, as anybody; nothing is stored and nothing recorded."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from landingpages import editing
from tests.factories import LandingPageFactory, ProfileFactory
from tests.landingpages.visitors import everything

pytestmark = pytest.mark.django_db


def url(page):
    return reverse("landingpages:preview", args=[page.pk])


def typed(block, values):
    settings = {"block-label_en": block.texts["en"]["label"], "block-field": block.field, "block-is_positive": "no"}
    return {"block": block.key, "kind": block.kind, "part": "content", "lang": "en"} | settings | values


@pytest.fixture
def looker(client):
    """Ben, who may look at pages and nothing else."""
    user = User.objects.create_user("ben", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_landingpage"))
    client.force_login(user)
    return client


def test_what_is_typed_shows_and_nothing_is_stored(backoffice, draft, block_for):
    block = block_for(draft, "opted_out_email")
    backoffice.get(url(draft))
    before = everything()

    text = backoffice.post(url(draft), typed(block, {"block-label_en": "<b>No</b> mail"})).content.decode()

    assert "&lt;b&gt;No&lt;/b&gt; mail" in text
    assert "Stop sending me emails" not in text
    assert "Stop sending me text messages" in text
    assert everything() == before


def test_what_cannot_be_is_shown_as_stored(backoffice, draft, block_for):
    block = block_for(draft, "opted_out_email")

    for wrong in ({"block-label_en": "x" * 301}, {"block-field": "is_staff"}, {"block": "no-key"}):
        response = backoffice.post(url(draft), typed(block, wrong))
        assert response.status_code == 200
        assert "Stop sending me emails" in response.content.decode()


@pytest.mark.parametrize("part", ["confirmation", "error"])
def test_the_texts_of_the_other_pages_show_as_they_are_typed(backoffice, draft, part):
    block = draft.every_block.get(part=part)
    sent = {"part": part, "lang": "fr", "block": block.key, "kind": block.kind, "block-label_fr": "Voilà qui est fait."}

    assert "Voilà qui est fait." in backoffice.post(url(draft), sent).content.decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_are_those_that_were_asked_for(backoffice, draft, scheme):
    text = backoffice.get(url(draft), {"scheme": scheme}).content.decode()

    assert f'<html lang="en" data-scheme="{scheme}">' in text
    assert "data-scheme" not in backoffice.get(url(draft)).content.decode()


@pytest.mark.parametrize("preload", [True, False])
def test_a_chosen_profile_shows_what_its_own_link_would(backoffice, preload):
    page = LandingPageFactory(preload_data=preload)
    marie = ProfileFactory(last_name="Curie", email="marie@example.org", opted_out=["sms"])
    before = everything()

    text = backoffice.get(url(page), {"visitor": marie.pk, "lang": "en"}).content.decode()

    assert ('value="Curie"' in text) == preload
    assert "m•••e@example.org" in text
    assert "marie@example.org" not in text
    assert text.count(" checked") == 1
    assert everything()["profiles.ConsentEvent"] == before["profiles.ConsentEvent"]


def test_who_may_not_see_profiles_sees_an_unidentified_visitor(looker, draft):
    marie = ProfileFactory(email="marie@example.org", opted_out=["sms"])

    text = looker.get(url(draft), {"visitor": marie.pk}).content.decode()
    built = looker.get(reverse("landingpages:build", args=[draft.pk]), {"visitor": marie.pk}).content.decode()

    assert "m•••e@example.org" not in text
    assert " checked" not in text
    assert marie.last_name not in built
    assert looker.post(reverse("landingpages:visitors", args=[draft.pk]), {"who": "dupont"}).status_code == 403


def test_a_profile_is_found_by_name_and_address_and_nothing_is_recorded(backoffice, draft):
    marie = ProfileFactory(last_name="Curie", email="marie@example.org")
    ProfileFactory(last_name="Other")
    search = reverse("landingpages:visitors", args=[draft.pk])
    before = everything()

    for text in ("curie", "marie@example.org"):
        answer = backoffice.post(f"{search}?lang=fr&width=desktop", {"who": text}).content.decode()
        assert f"?part=content&amp;lang=fr&amp;width=desktop&amp;scheme=light&amp;visitor={marie.pk}" in answer
        assert "Other" not in answer
    assert "Nobody has this name" in backoffice.post(search, {"who": "nobody"}).content.decode()
    before.pop("sessions.Session")
    assert {name: now for name, now in everything().items() if name != "sessions.Session"} == before


@pytest.mark.parametrize("wrong", ["x", "-1", "9" * 30, "1 OR 1=1", "nobody"])
def test_a_visitor_who_does_not_exist_is_nobody(backoffice, draft, wrong):
    response = backoffice.get(reverse("landingpages:build", args=[draft.pk]), {"visitor": wrong})

    assert response.status_code == 200
    assert "As an unidentified visitor sees it." in response.content.decode()


def test_a_block_is_added_where_it_was_dragged(draft):
    block = editing.add(draft, "heading", by="Ana", position=3)

    assert list(draft.blocks.all())[2] == block
