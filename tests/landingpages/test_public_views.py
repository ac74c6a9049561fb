"""What visitors see: with a link of any age, without one, on pages that are not there, and what a form says back."""

import re
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from landingpages import editing, publishing
from landingpages.models import LandingPage, PageStatus, Submission
from profiles import consent
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Notice, Profile, Source
from tests.factories import LandingPageFactory, ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import address, everything, link, say, stranger, token, typed

pytestmark = pytest.mark.django_db
OLD = timedelta(days=31)


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def profile():
    return ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org", mobile="+33612345678",
                          preferred_language="en", opted_out=["sms"])  # fmt: skip


@pytest.fixture
def blocklist(db):
    return PublishedPageFactory(template="blocklist", label="Ne plus rien recevoir")


def content(response):
    return response.content.decode()


def test_a_fresh_link_shows_the_boxes_as_they_are_and_the_address_masked(anonymous, online, profile, input_name):
    page = content(anonymous.get(link(online, profile)))

    boxes = {field: f'name="{input_name(online.version.content, field)}"' for field in ("opted_out_email", "opted_out_sms")}
    ticked = {field: "checked" in next(tag for tag in page.split("<input") if name in tag) for field, name in boxes.items()}
    assert ticked == {"opted_out_email": False, "opted_out_sms": True}
    assert "m•••e@example.org" in page
    assert [word for word in ("marie@", "Marie", "Dupont", "345678") if word in page] == []


def test_preloaded_data_shows_names_but_never_an_address(anonymous, profile):
    online = PublishedPageFactory(preload_data=True)

    page = content(anonymous.get(link(online, profile)))

    assert 'value="Dupont"' in page
    assert [word for word in ("marie@", "345678") if word in page] == []


def test_a_link_older_than_30_days_shows_nothing_and_offers_to_stop(anonymous, online, profile):
    page = content(anonymous.get(link(online, profile, age=OLD)))

    assert [word for word in ("marie", "m•••e", "Dupont", "checked") if word in page] == []
    assert page.count('name="stop"') == 4
    assert 'name="fresh-link"' in page


def test_an_old_link_ticks_what_is_asked_and_clears_nothing(anonymous, online, profile):
    data = {"stop": ["email", "all"]} | typed(online, last_name="Evil", opted_out_sms=False)
    refused = anonymous.post(link(online, profile, age=OLD), data)
    done = anonymous.post(link(online, profile, age=OLD), {"stop": ["email", "push"]})

    assert (refused.status_code, done.status_code) == (422, 200)
    profile.refresh_from_db()
    assert profile.choices == {"all": False, "email": True, "sms": True, "push": True, "direct_mail": False}
    assert profile.last_name == "Dupont"
    rows = list(ConsentEvent.objects.filter(source="landing_page").order_by("pk").values_list("scope", "wording"))
    assert rows == [("email", "☑ No longer contact by email"), ("push", "☑ No longer contact by push notification")]


def test_an_old_link_sends_a_fresh_one_to_the_stored_address(anonymous, online, profile):
    answer = anonymous.post(link(online, profile, age=OLD), {"fresh-link": "yes"})
    again = anonymous.post(link(online, profile, age=OLD), {"fresh-link": "yes"})

    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.page_id, notice.language) == ("fresh_link", "marie@example.org", online.pk, "en")
    assert "is on its way to m•••e@example.org" in content(answer)
    assert "a few minutes ago" in content(again)


def test_a_link_works_at_every_address_that_its_page_ever_had(anonymous, online, profile):
    url = link(online, profile)
    old = address(online)
    editing.change_page(online, {"slug": "choices"}, by="Ana Lopes")
    assert anonymous.get(old).status_code == 200

    publishing.publish(online, by="Ana Lopes")

    assert (anonymous.get(url).status_code, anonymous.get("/lp/choices/").status_code) == (200, 200)
    assert anonymous.get(old).status_code == 404


@pytest.mark.parametrize("allowed", [True, False])
def test_bad_links_get_the_answer_of_a_stranger(anonymous, profile, allowed, monkeypatch):
    online = PublishedPageFactory(unidentified_allowed=allowed)
    other = PublishedPageFactory()
    monkeypatch.setattr("landingpages.limits.stamp", lambda page_id: "stamp")
    good = token(online, profile)
    stranger_sees = anonymous.get(address(online))
    bad = [
        "x",
        good[:-1],
        good.swapcase(),
        "A" * 74,
        token(online, profile, age=timedelta(days=401)),
        token(other, profile),
        token(online, profile, purpose=Purpose.ONE_CLICK),
        token(online, profile, purpose=Purpose.PERSONAL),
        token(online, profile, purpose=Purpose.CONFIRM),
        str(profile.public_id),
        str(profile.pk),
        token(online, ProfileFactory.build()),
    ]

    answers = {(one.status_code, one.content) for one in (anonymous.get(address(online) + text + "/") for text in bad)}

    assert answers == {(stranger_sees.status_code, stranger_sees.content)}
    assert stranger_sees.status_code == (200 if allowed else 404)


def test_slashes_are_not_redirected(anonymous, online, profile):
    urls = [address(online), link(online, profile), address(online) + "fresh-link/"]

    assert [anonymous.get(url.rstrip("/")).status_code for url in urls] == [200, 200, 200]


def test_a_page_that_was_never_published_is_not_found(anonymous, profile):
    page = LandingPageFactory()

    assert anonymous.get(f"/lp/{page.slug}/").status_code == 404
    assert anonymous.get(f"/lp/{page.slug}/{make_token(Purpose.PAGE, profile.public_id, page=page.pk)}/").status_code == 404
    assert anonymous.get("/lp/nothing/").status_code == 404
    assert anonymous.post("/lp/nothing/fresh-link/").status_code == 404


def test_a_closed_page_says_so(anonymous, online):
    publishing.unpublish(online, by="Ana Lopes")
    before = everything()

    answers = [
        anonymous.get(address(online)),
        anonymous.post(address(online), stranger(online, email="a@example.org", last_name="A")),
    ]

    assert [one.status_code for one in answers] == [410, 410]
    assert "no longer available" in content(answers[0])
    assert everything() == before


def test_a_closed_page_sends_visitors_where_its_author_says_and_nowhere_else(anonymous, profile):
    online = PublishedPageFactory(redirection_url="https://example.org/news")
    publishing.unpublish(online, by="Ana Lopes")

    for url in (address(online), link(online, profile), address(online) + "fresh-link/"):
        response = anonymous.get(url + "?next=https://evil.example&redirection_url=//evil.example")
        assert (response.status_code, response.headers["Location"]) == (302, "https://example.org/news")


def test_an_expired_page_is_closed_though_nobody_closed_it(anonymous):
    online = PublishedPageFactory(expires_at=timezone.now() + timedelta(seconds=1))
    open_now = anonymous.get(address(online))
    time.sleep(1)

    assert (open_now.status_code, anonymous.get(address(online)).status_code) == (200, 410)
    assert LandingPage.objects.get().status == PageStatus.ONLINE


def test_a_closed_page_still_stops_mail_for_whoever_has_a_link(anonymous, online, profile):
    publishing.unpublish(online, by="Ana Lopes")

    shown = anonymous.get(link(online, profile))
    anonymous.post(link(online, profile), {"stop": ["email"]})

    assert (shown.status_code, content(shown).count('name="stop"')) == (410, 4)
    assert Profile.objects.get().opted_out_email is True


def test_what_was_typed_is_kept_on_an_error(anonymous, online):
    response = anonymous.post(address(online), stranger(online, last_name="D'Été", email="not an address", opted_out_sms="on"))

    page = content(response)
    assert response.status_code == 422
    assert 'value="D&#x27;Été"' in page
    assert 'value="not an address"' in page
    assert "checked" in page
    assert "Your choices could not be recorded." in page
    assert Submission.objects.count() == 0


def test_the_confirmation_page_has_the_text_of_the_version(anonymous, profile):
    online = PublishedPageFactory()
    say(online, "confirmation", fr="C’est noté.")
    publishing.publish(online, by="Ana Lopes")
    data = stranger(online, last_name="Petit", email="petit@example.org")
    for url in (address(online) + "?lang=fr", link(online, profile) + "?lang=fr"):
        response = anonymous.post(url, data)
        assert (response.status_code, "C’est noté." in content(response)) == (200, True)


@pytest.mark.parametrize(
    ("query", "preferred", "browser", "language"),
    [
        ("?lang=en", "fr", "fr", "en"),
        ("", "fr", "en", "fr"),
        ("", "de", "fr", "fr"),
        ("", "", "de", "en"),
        ("?lang=xx", "fr", "en", "fr"),
        ("?lang=../../etc", "", "fr-CA", "fr"),
    ],
)
def test_the_page_speaks_a_language_that_its_version_has(anonymous, online, profile, query, preferred, browser, language):
    Profile.objects.update(preferred_language=preferred)

    response = anonymous.get(link(online, profile) + query, headers={"accept-language": browser})

    assert f'<html lang="{language}">' in content(response)
    assert response.headers["Content-Language"] == language
    assert {"en": "Your preferences", "fr": "Vos préférences"}[language] in content(response)


def test_languages_are_switched_by_links(anonymous, online):
    page = content(anonymous.get(address(online) + "?lang=fr"))

    assert '<a href="?lang=en" lang="en" hreflang="en">English</a>' in page
    assert f'action="{address(online)}?lang=fr"' in page


def test_pages_forbid_scripts_storing_framing_referring_and_indexing(anonymous, online, profile):
    for response in (anonymous.get(address(online)), anonymous.get(link(online, profile)), anonymous.get("/c/x/")):
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        names = ("Referrer-Policy", "Cache-Control", "X-Robots-Tag", "X-Frame-Options")
        assert [response.headers[name] for name in names] == ["no-referrer", "no-store", "noindex, nofollow", "DENY"]
        assert (response.cookies, response.has_header("ETag")) == ({}, False)


def test_only_get_head_and_post_are_answered(anonymous, online, profile):
    for url in (address(online), link(online, profile), "/c/x/", address(online) + "fresh-link/"):
        assert [getattr(anonymous, verb)(url).status_code for verb in ("put", "patch", "delete", "trace")] == [405] * 4
    head, get = anonymous.head(link(online, profile)), anonymous.get(link(online, profile))
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", get.headers["Content-Length"])


# Blocklist pages


def test_the_button_of_a_blocklist_page_ticks_any_channel(anonymous, blocklist, profile):
    shown = content(anonymous.get(link(blocklist, profile)))
    answer = anonymous.post(link(blocklist, profile, delivery=7))

    profile.refresh_from_db()
    assert profile.choices == {"all": True, "email": False, "sms": True, "push": False, "direct_mail": False}
    assert "<script" not in shown
    assert "You will receive nothing from us any more" in content(answer)
    event = ConsentEvent.objects.get(scope="all")
    assert (event.source, event.page_version_id, event.page_label, event.delivery_id) == (
        "landing_page", blocklist.version.pk, "Ne plus rien recevoir (version 1)", 7,
    )  # fmt: skip
    assert event.wording == "Are you sure that you want to unsubscribe from all our communication? · Unsubscribe"


def test_the_button_works_400_days(anonymous, blocklist, profile):
    url = link(blocklist, profile, age=timedelta(days=399))

    assert content(anonymous.get(url)).count("<form") == 2
    assert anonymous.post(url).status_code == 200
    assert Profile.objects.get().opted_out_all is True


def test_a_blocklist_page_is_not_for_strangers(anonymous, blocklist):
    before = everything()

    assert [anonymous.get(address(blocklist)).status_code, anonymous.post(address(blocklist)).status_code] == [404, 404]
    assert everything() == before


@pytest.fixture
def arriving(db):
    return PublishedPageFactory(template="blocklist", acts_on_arrival=True)


def test_acting_on_arrival_is_a_post_of_the_page_s_own_script(anonymous, arriving, profile):
    response = anonymous.get(link(arriving, profile))

    assert '<script type="module" src="/static/heed/arrival.js"></script>' in content(response)
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert Profile.objects.get().opted_out_all is False

    anonymous.post(link(arriving, profile), {"arrival": "yes"})

    assert ConsentEvent.objects.get(scope="all").source == Source.PAGE_OPENED


def test_only_pages_that_say_so_act_on_arrival(anonymous, blocklist, profile):
    anonymous.post(link(blocklist, profile), {"arrival": "yes"})

    assert ConsentEvent.objects.get(scope="all").source == Source.LANDING_PAGE


def test_an_arrival_can_be_undone_for_ten_minutes_by_the_same_link(anonymous, arriving, profile):
    url = link(arriving, profile, delivery=7)
    answer = content(anonymous.post(url, {"arrival": "yes"}))
    other = anonymous.post(link(arriving, profile, delivery=8), {"undo": "yes"})

    undone = anonymous.post(url, {"undo": "yes"})
    again = anonymous.post(url, {"undo": "yes"})

    assert 'name="undo"' in answer
    assert (other.status_code, undone.status_code, again.status_code) == (409, 200, 409)
    rows = list(ConsentEvent.objects.filter(scope="all").order_by("pk").values_list("after", "source", "wording"))
    assert [(after, source) for after, source, _wording in rows] == [(True, "page_opened"), (False, "landing_page")]
    assert rows[1][2] == "Undo"
    assert Profile.objects.get().choices["sms"] is True


def test_who_presses_the_button_after_an_arrival_can_still_undo_it(anonymous, arriving, profile):
    url = link(arriving, profile)
    anonymous.post(url, {"arrival": "yes"})

    answer = content(anonymous.post(url))

    assert 'name="undo"' in answer
    assert anonymous.post(url, {"undo": "yes"}).status_code == 200


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(days=1)])
def test_an_arrival_is_not_undone_later(anonymous, arriving, profile, late, settings):
    url = link(arriving, profile)
    anonymous.post(url, {"arrival": "yes"})
    settings.PAGE_UNDO_MINUTES = -late.total_seconds() / 60 + 10

    assert anonymous.post(url, {"undo": "yes"}).status_code == 409
    assert Profile.objects.get().opted_out_all is True


def test_undo_takes_back_nothing_but_an_arrival(anonymous, arriving, blocklist, profile):
    anonymous.post(link(blocklist, profile))
    assert anonymous.post(link(blocklist, profile), {"undo": "yes"}).status_code == 409
    assert anonymous.post(link(arriving, profile), {"undo": "yes"}).status_code == 409
    assert Profile.objects.get().opted_out_all is True


def test_undo_does_not_take_back_what_was_opted_out_before(anonymous, arriving, profile):
    consent.opt_out(profile, "all", source=Source.OPERATOR, by="Ana Lopes")
    anonymous.post(link(arriving, profile), {"arrival": "yes"})

    assert anonymous.post(link(arriving, profile), {"undo": "yes"}).status_code == 409
    assert Profile.objects.get().opted_out_all is True


# A fresh link for an address


def test_a_fresh_link_can_be_asked_for_an_address(anonymous, online):
    shown = anonymous.get(address(online) + "fresh-link/")
    answer = anonymous.post(address(online) + "fresh-link/", stranger(online) | {"address": " Marie@Example.org "})

    assert (shown.status_code, answer.status_code) == (200, 200)
    assert Submission.objects.get().data == {"fresh_link_for": "marie@example.org"}


@pytest.mark.parametrize("typed_address", ["", "nobody", "a@b\r\nBcc: c@example.org"])
def test_a_fresh_link_needs_an_address(anonymous, online, typed_address):
    response = anonymous.post(address(online) + "fresh-link/", stranger(online) | {"address": typed_address})

    assert (response.status_code, Submission.objects.count()) == (422, 0)


def test_pages_ask_the_same_number_of_queries_whatever_they_hold(anonymous, online, django_assert_num_queries):
    LandingPageFactory.create_batch(3)

    with django_assert_num_queries(1):
        anonymous.get(address(online))


# A page that is published anew while somebody has it open


def publish_anew(page, block_for, field, **values):
    """Another block in the next version, or the same one otherwise."""
    editing.change(page, block_for(page, field).key, values, by="Ana Lopes")
    publishing.publish(page, by="Ana Lopes")


def hidden_version(response):
    return re.findall(r'name="version" value="(\d+)"', content(response))


def test_a_box_means_what_was_read_beside_it_though_it_was_turned_round_meanwhile(anonymous, online, profile, block_for):
    url, data = link(online, profile), typed(online, opted_out_email="on", opted_out_sms="on")
    texts = {"en": {"label": "Send me emails", "help": ""}, "fr": {"label": "Recevoir des emails", "help": ""}}
    publish_anew(online, block_for, "opted_out_email", is_positive=True, texts=texts)

    assert anonymous.post(url, data).status_code == 200

    assert [scope for scope, ticked in Profile.objects.get().choices.items() if ticked] == ["email", "sms"]
    event = ConsentEvent.objects.get(scope="email")
    assert (event.wording, event.page_label) == ("☑ Stop sending me emails", "Vos préférences (version 1)")
    assert hidden_version(anonymous.get(url)) == ["2"]


def test_a_box_that_was_not_on_the_page_stays_as_it_is(anonymous, draft, profile):
    block = draft.blocks.get(field="opted_out_sms")
    editing.remove(draft, block.key, by="Ana Lopes")
    publishing.publish(draft, by="Ana Lopes")
    url, data = link(draft, profile), typed(draft)
    publishing.restore(draft, draft.version, by="Ana Lopes")
    added = editing.add(draft, "checkbox", by="Ana Lopes")
    editing.change(draft, added.key, {"field": "opted_out_sms", "texts": block.texts}, by="Ana Lopes")
    publishing.publish(draft, by="Ana Lopes")

    assert anonymous.post(url, data).status_code == 200
    assert Profile.objects.get().opted_out_sms is True


def test_a_field_that_left_the_page_is_not_written_any_more(anonymous, online, profile, block_for):
    url, data = link(online, profile), typed(online, last_name="Evil", opted_out_email="on")
    editing.remove(online, block_for(online, "last_name").key, by="Ana Lopes")
    publishing.publish(online, by="Ana Lopes")
    before = everything()

    response = anonymous.post(url, data)

    assert (response.status_code, everything()) == (422, before)
    assert "This page was changed while you had it open." in content(response)
    assert hidden_version(response) == ["2"]


@pytest.mark.parametrize("version", [None, "", "0", "2", "x", "²", "1" * 30, "-1"])
def test_a_form_that_does_not_say_what_was_read_is_no_form(anonymous, online, profile, version):
    url, data = link(online, profile), typed(online, opted_out_email="on") | {"version": version}
    before = everything()

    response = anonymous.post(url, {name: text for name, text in data.items() if text is not None})

    assert (response.status_code, everything()) == (422, before)
    assert "checked" in content(response)  # by SMS, as it is stored


def test_a_stranger_reads_the_page_again_with_the_texts_and_without_the_ticks(anonymous, online, block_for):
    data = stranger(online, last_name="Petit", email="petit@example.org", opted_out_email="on")
    publish_anew(online, block_for, "opted_out_email", is_positive=True)

    response = anonymous.post(address(online), data)

    assert (response.status_code, Submission.objects.count()) == (422, 0)
    assert "This page was changed while you had it open." in content(response)
    assert ['value="petit@example.org"' in content(response), "checked" in content(response)] == [True, False]


def test_the_button_of_a_blocklist_page_counts_with_the_words_that_were_read(anonymous, blocklist, profile):
    urls = [link(blocklist, profile), link(blocklist, profile, age=OLD)]
    button = blocklist.blocks.get(kind="button")
    texts = {"en": {"label": "Stop it all", "help": ""}, "fr": {"label": "Tout arrêter", "help": ""}}
    editing.change(blocklist, button.key, {"texts": texts}, by="Ana Lopes")
    publishing.publish(blocklist, by="Ana Lopes")

    for url in urls:
        consent.apply_choices(profile, {"all": False}, source=Source.OPERATOR)
        assert anonymous.post(url, {"version": "1"}).status_code == 200

    told = ConsentEvent.objects.filter(after=True, scope="all").values_list("wording", "page_label")
    assert [(wording.rpartition(" · ")[2], label) for wording, label in told] == [
        ("Unsubscribe", "Ne plus rien recevoir (version 1)")
    ] * 2


def test_who_asks_a_page_for_a_link_while_it_closes_is_not_opted_out(anonymous, blocklist, profile):
    url = link(blocklist, profile, age=OLD)
    publishing.unpublish(blocklist, by="Ana Lopes")
    before = everything()

    assert anonymous.post(url, {"fresh-link": "yes"}).status_code == 410
    assert everything() == before


def test_the_way_to_a_fresh_link_keeps_the_language(anonymous, online):
    page = content(anonymous.get(address(online) + "?lang=fr"))

    assert f'href="{address(online)}fresh-link/?lang=fr"' in page


@pytest.mark.parametrize(("language", "thanks"), [("en", "Thank you"), ("fr", "Merci")])
def test_nobody_is_thanked_twice(anonymous, online, profile, language, thanks):
    page = content(anonymous.post(link(online, profile) + f"?lang={language}", typed(online)))

    assert page.count(thanks) == 2  # in the title and in the heading


@pytest.mark.parametrize("url", ["", "https://example.org/privacy?a=1&b=2"])
def test_every_page_leads_to_the_privacy_notice_where_there_is_one(anonymous, online, profile, settings, url):
    settings.PRIVACY_URL = url
    addresses = [address(online), link(online, profile), "/c/x", "/u/" + token(online, profile, purpose=Purpose.ONE_CLICK)]

    pages = [content(anonymous.get(one)) for one in addresses]

    shown = '<a href="https://example.org/privacy?a=1&amp;b=2">' if url else "rivacy"
    assert [shown in page for page in pages] == [bool(url)] * 4


@pytest.mark.parametrize("preload", [False, True])
def test_fields_that_arrive_empty_though_something_is_stored_say_so(anonymous, profile, preload):
    online = PublishedPageFactory(preload_data=preload)

    pages = [content(anonymous.get(url)) for url in (link(online, profile), address(online))]

    assert ["Fields that you leave empty stay as they are." in page for page in pages] == [not preload, False]
