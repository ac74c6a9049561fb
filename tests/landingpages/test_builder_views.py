"""The back office's landing pages: list, new page, builder, properties, publication and versions."""

import html
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from landingpages import editing, publishing
from landingpages.models import Block, BlockKind, LandingPage, PublishedVersion
from tests.factories import LandingPageFactory, PublishedPageFactory
from tests.landingpages.visitors import say

pytestmark = pytest.mark.django_db

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def url(name, *arguments):
    return reverse(f"landingpages:{name}", args=arguments)


def read(client, name, *arguments, **query):
    response = client.get(url(name, *arguments), query)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def labels(page):
    return [block.texts["en"]["label"] for block in page.blocks.all()]


def sent_by(response):
    """What a browser would send from the form of the builder: every field as it is filled in."""
    fields = {"revision": response.context["page"].revision}
    state, chosen, form = (response.context[name] for name in ("state", "chosen", "form"))
    fields |= {"part": state.part, "lang": state.lang, "width": state.width}
    if chosen:
        fields |= {"block": chosen.key, "kind": chosen.kind}
    for field in form or ():
        value = field.value()
        shown = "" if value is None else value
        fields[field.html_initial_name] = form.data.get(field.html_initial_name, shown)
        if value not in (False, None):
            fields[field.html_name] = value
    return fields


@pytest.fixture
def press(backoffice):
    """Open the builder at a block or a part, type, press a button; the answer."""

    def pressed(page, button="", *, block=None, part="content", typed=(), **extra):
        opened = backoffice.get(url("build", page.pk), {"block": block.key if block else "", "part": part, "lang": "en"})
        button = {"do": button} if button else {}
        return backoffice.post(url("build", page.pk), sent_by(opened) | dict(typed) | button | extra)

    return pressed


@pytest.fixture
def may(client):
    """Ben, who may do just this."""

    def log_in(*codenames):
        user = User.objects.create_user("ben", password="ben", is_staff=True, first_name="Ben")
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def test_list_says_what_is_online_and_what_is_not_published(backoffice):
    page = PublishedPageFactory(label="Preferences", slug="preferences")
    editing.remove(page, page.blocks.first().key, by="Ben")
    LandingPageFactory(label="Stop everything", slug="stop", template="blocklist", is_default=True)

    text = read(backoffice, "list")

    assert re.search(r"Preferences</a>.+Profile acquisition.+Online.+version 1.+1 change not published", text)
    assert 'href="http://localhost:8000/lp/preferences/"' in text
    assert re.search(r"Stop everything</a>.+Default.+Blocklist.+Editing", text)
    assert 'href="http://localhost:8000/lp/stop/"' not in text


def test_an_empty_list_says_what_to_do_next(backoffice):
    assert "There is no landing page yet. Start from a template" in read(backoffice, "list")


@pytest.mark.parametrize("factory", [LandingPageFactory, PublishedPageFactory])
def test_list_costs_the_same_number_of_queries_for_one_and_three_pages(backoffice, factory):
    counts = []
    for more in (1, 2):
        factory.create_batch(more)
        with CaptureQueriesContext(connection) as queries:
            read(backoffice, "list")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_builder_costs_the_same_number_of_queries_however_many_blocks(backoffice, draft):
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            read(backoffice, "build", draft.pk, block=draft.blocks.first().key)
        counts.append(len(queries))
        for _more in range(5):
            editing.add(draft, "text", by="Ana")

    assert counts[0] == counts[1]


@pytest.mark.parametrize(("slug", "expected"), [("", "vos-preferences-d-ete"), ("my-page", "my-page")])
def test_a_new_page_has_the_blocks_of_its_template_and_an_address(backoffice, slug, expected):
    response = backoffice.post(url("add"), {"template": "blocklist", "label": "Vos préférences d’été", "slug": slug})

    page = LandingPage.objects.get()
    assert response["Location"] == url("build", page.pk)
    assert (page.type, page.slug, page.created_by, page.blocks.count()) == ("blocklist", expected, "Ana Lopes", 3)


def test_an_address_made_from_the_label_is_free(backoffice):
    LandingPageFactory(slug="preferences")
    LandingPageFactory(slug="preferences-2")

    backoffice.post(url("add"), {"template": "channels", "label": "Preferences", "slug": ""})

    assert LandingPage.objects.first().slug == "preferences-3"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"label": ""}, "This field is required."),
        ({"template": ""}, "Choose a template."),
        ({"template": "nonsense"}, "Choose a template."),
        ({"template": "999999999999"}, "Choose a template."),
        ({"slug": "Été !"}, "Use small letters, digits and single hyphens."),
        ({"slug": "preferences"}, "“Vos préférences” has this address: choose another one."),
    ],
)
def test_a_bad_new_page_is_told_at_the_field_and_not_made(backoffice, bad, message):
    LandingPageFactory(slug="preferences")

    response = backoffice.post(url("add"), {"template": "channels", "label": "Mine", "slug": "mine"} | bad)

    assert (response.status_code, LandingPage.objects.count()) == (422, 1)
    assert message in html.unescape(response.content.decode())


def test_builder_shows_the_blocks_in_the_chosen_language(backoffice, draft):
    for lang, words in (("en", "Stop sending me emails"), ("fr", "Ne plus m’envoyer d’emails")):
        rows = backoffice.get(url("build", draft.pk), {"lang": lang}).context["rows"]
        assert [row.text for row in rows][5] == words


def test_settings_are_those_of_the_kind(backoffice, draft):
    def fields(kind):
        block = draft.blocks.filter(kind=kind).first() or editing.add(draft, kind, by="Ana")
        return list(backoffice.get(url("build", draft.pk), {"block": block.key}).context["form"].fields)

    texts = ["label_en", "help_en", "label_fr", "help_fr"]
    labels, when = ["label_en", "label_fr"], ["when", "operator", "than"]
    bound = ["field", "is_mandatory", *when, *texts]
    inputs = ("text_input", "long_text", "number", "date", "email", "phone", "choice", "radio")
    assert {kind: fields(kind) for kind in BlockKind.values if kind != "link"} == {kind: [*bound] for kind in inputs} | {
        **{kind: [*when, *labels] for kind in ("heading", "text", "rich_text", "button")},
        "image": ["upload", "is_decorative", *when, *labels],
        "divider": when,
        "shared": ["shared_id", *when],
        "checkbox": ["field", "is_positive", "is_mandatory", *when, *texts],
        "service": ["service_id", "is_positive", *when, *texts],
        "agreement": [*when, "label_en", "help_en", "message_en", "label_fr", "help_fr", "message_fr"],
        "hidden": ["field", "value", *when],
    }


def test_saving_a_block_stores_its_settings_and_nothing_else(press, draft, block_for):
    block = block_for(draft, "opted_out_email")
    others = list(draft.blocks.exclude(pk=block.pk).values())
    typed = {
        "block-field": "opted_out_sms",
        "block-is_positive": "yes",
        "block-is_mandatory": "on",
        "block-label_en": "I receive text messages",
        "block-help_fr": "Quatre par mois",
    }

    response = press(draft, "save", block=block, typed=typed)

    assert response.status_code == 302
    block.refresh_from_db()
    assert (block.field, block.is_positive, block.is_mandatory) == ("opted_out_sms", True, True)
    assert block.texts == {
        "en": {"label": "I receive text messages", "help": ""},
        "fr": {"label": "Ne plus m’envoyer d’emails", "help": "Quatre par mois"},
    }
    assert list(draft.blocks.exclude(pk=block.pk).values()) == others


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("up:{}", ["b", "a", "c"]),
        ("down:{}", ["a", "c", "b"]),
        ("move:{}:1", ["b", "a", "c"]),
        ("move:{}:99", ["a", "c", "b"]),
        ("duplicate:{}", ["a", "b", "b", "c"]),
        ("remove:{}", ["a", "c"]),
        ("add:text", ["a", "b", "Text", "c"]),
    ],
)
def test_buttons_act_on_the_blocks_and_save_what_was_typed_first(press, draft, button, expected):
    draft.blocks.exclude(pk__in=[*draft.blocks.values_list("pk", flat=True)[:2], draft.blocks.last().pk]).delete()
    for block, label in zip(draft.blocks.all(), "aXc", strict=True):
        editing.change(draft, block.key, {"texts": {"en": {"label": label}}}, by="Ana")
    middle = draft.blocks.all()[1]

    response = press(draft, button.format(middle.key), block=middle, typed={"block-label_en": "b"})

    assert response.status_code == 302
    assert labels(draft) == expected


@pytest.mark.parametrize("button", ["nonsense", "up", "add:nonsense", "move:{}:x", "move:{}:"])
def test_an_unknown_button_changes_nothing(press, draft, button):
    before = list(draft.blocks.values())

    response = press(draft, button.format(draft.blocks.first().key))

    assert response.status_code in (302, 409)
    assert list(draft.blocks.values()) == before


def test_the_first_block_can_be_removed_and_the_last_one_too(press, draft):
    for block in list(draft.blocks.all()):
        response = press(draft, f"remove:{block.key}", block=block)
        assert response.status_code == 302

    assert draft.blocks.count() == 0


def test_after_an_act_the_focus_goes_where_the_work_goes_on(press, draft):
    first, second = draft.blocks.all()[:2]

    def focus(*arguments, **options):
        return press(draft, *arguments, **options)["Location"].rpartition("#")[2]

    assert focus(f"down:{first.key}") == f"down-{first.key}"
    assert focus(f"remove:{first.key}", block=first) == f"choose-{draft.blocks.all()[1].key}"
    assert focus("add:text") == "settings"
    assert focus(to_block=second.key) == "settings"
    assert focus(to_part="error") == "part-error"
    assert focus(to_lang="fr") == "lang-fr"


def test_choosing_another_block_saves_what_was_typed_and_nothing_where_nothing_was(press, draft):
    first, second = draft.blocks.all()[:2]

    press(draft, block=first, to_block=second.key)
    assert LandingPage.objects.get().revision == 0
    press(draft, block=first, typed={"block-label_en": "Mine"}, to_block=second.key)

    assert (labels(draft)[0], LandingPage.objects.get().revision) == ("Mine", 1)


def test_texts_of_the_confirmation_are_stored_and_those_of_the_error_page_stay(press, draft):
    confirmation, error = (draft.every_block.get(part=part) for part in ("confirmation", "error"))

    press(draft, "save", part="confirmation", block=confirmation, typed={"block-label_fr": "Merci !"})

    stored = draft.every_block.get(part="confirmation").texts
    assert (stored["fr"]["label"], stored["en"]) == ("Merci !", confirmation.texts["en"])
    assert draft.every_block.get(part="error").texts == error.texts


def test_the_second_of_two_editors_is_told_and_her_words_stay(backoffice, draft):
    first, second = draft.blocks.all()[:2]
    shown = sent_by(backoffice.get(url("build", draft.pk), {"block": first.key}))
    editing.change(draft, second.key, {"texts": {"en": {"label": "Of Ben"}}}, by="Ben")

    response = backoffice.post(url("build", draft.pk), shown | {"block-label_en": "Of Ana", "do": f"down:{first.key}"})

    text = response.content.decode()
    assert response.status_code == 409
    assert "Somebody else changed this page meanwhile: nothing was saved." in text
    assert 'value="Of Ana"' in text
    assert labels(draft)[:2] == ["Your preferences", "Of Ben"]

    again = backoffice.post(url("build", draft.pk), sent_by(response) | {"do": "save"})

    assert again.status_code == 302
    assert labels(draft)[:2] == ["Of Ana", "Of Ben"]


def test_words_for_a_block_that_somebody_removed_are_shown_once_more(backoffice, draft):
    first, second = draft.blocks.all()[:2]
    shown = sent_by(backoffice.get(url("build", draft.pk), {"block": first.key}))
    editing.remove(draft, first.key, by="Ben")

    response = backoffice.post(url("build", draft.pk), shown | {"block-label_en": "Of Ana", "do": "save"})

    assert response.status_code == 409
    assert "Somebody else removed this block meanwhile" in response.content.decode()
    assert 'value="Of Ana"' in response.content.decode()
    onwards = backoffice.post(url("build", draft.pk), sent_by(response) | {"to_block": second.key})
    assert onwards.status_code == 302


def test_an_act_upon_an_old_page_is_told_where_nothing_was_typed(backoffice, draft):
    first = draft.blocks.first()
    shown = sent_by(backoffice.get(url("build", draft.pk), {"block": first.key}))
    editing.change(draft, first.key, {"texts": {"en": {"label": "Of Ben"}}}, by="Ben")

    response = backoffice.post(url("build", draft.pk), shown | {"do": f"down:{first.key}"})

    assert response.status_code == 409
    assert 'value="Of Ben"' in response.content.decode()
    assert labels(draft)[0] == "Of Ben"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"block-field": "opted_out_of_this_world"}, "Select a valid choice."),
        ({"block-field": "first_name"}, "Select a valid choice."),
        ({"block-label_en": "x" * 301}, "at most 300 characters"),
    ],
)
def test_bad_settings_are_told_and_the_act_is_not_done(press, draft, block_for, typed, message):
    block = block_for(draft, "opted_out_email")
    before = list(draft.blocks.values())

    response = press(draft, f"up:{block.key}", block=block, typed=typed)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert list(draft.blocks.values()) == before


def test_checks_stand_beside_the_builder_and_name_the_block(backoffice, press, draft):
    press(draft, "add:checkbox")

    text = read(backoffice, "build", draft.pk)

    assert "Block 10, “Checkbox”" in text
    assert "Choose the field that this block fills." in text


def test_properties_are_stored_and_the_page_is_the_default(backoffice, draft):
    other = LandingPageFactory(is_default=True)
    data = {"revision": 0, "label": "Mine", "slug": "mine", "unidentified_allowed": "on"}
    data |= {
        "is_default": "on",
        "redirection_url": "https://example.org/",
        "expires_at": "2030-05-01T12:30",
    }

    response = backoffice.post(url("properties", draft.pk), data)

    assert response.status_code == 302
    draft.refresh_from_db()
    other.refresh_from_db()
    assert (draft.label, draft.slug, draft.is_default) == ("Mine", "mine", True)
    assert (draft.expires_at.isoformat(), draft.redirection_url) == ("2030-05-01T12:30:00+00:00", "https://example.org/")
    assert other.is_default is False


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"slug": "taken"}, "“Vos préférences” has this address: choose another one."),
        ({"slug": "No good"}, "Use small letters, digits and single hyphens."),
        ({"redirection_url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"redirection_url": "//evil.example"}, "Enter a valid URL."),
        ({"expires_at": "tomorrow"}, "Enter a valid date/time."),
    ],
)
def test_bad_properties_are_told_and_nothing_is_stored(backoffice, draft, bad, message):
    LandingPageFactory(slug="taken")
    data = {"revision": 0, "label": "Mine", "slug": "mine"}

    response = backoffice.post(url("properties", draft.pk), data | bad)

    assert response.status_code == 422
    assert message in html.unescape(response.content.decode())
    assert LandingPage.objects.get(pk=draft.pk).label == "Vos préférences"


def test_an_address_that_was_published_stays(backoffice, online):
    text = read(backoffice, "properties", online.pk)
    data = {"revision": 0, "label": "Mine", "slug": "other"}
    backoffice.post(url("properties", online.pk), data)

    stored = LandingPage.objects.get()
    assert "Fixed since the first publication" in text
    assert (stored.label, stored.slug) == ("Mine", online.slug)


def test_two_who_edit_properties_keep_what_each_changed(backoffice, draft):
    shown = {"revision": 0, "initial-label": "Vos préférences", "label": "Of Ana", "initial-slug": draft.slug, "slug": draft.slug}
    shown |= {"unidentified_allowed": True, "initial-unidentified_allowed": True}
    for name in ("preload_data", "is_default"):
        shown |= {f"initial-{name}": False}
    editing.change_page(draft, {"on_match": "refuse"}, by="Ben")

    refused = backoffice.post(url("properties", draft.pk), shown)
    assert (refused.status_code, LandingPage.objects.get().label) == (422, "Vos préférences")
    assert 'value="Of Ana"' in refused.content.decode()
    revision = re.search(r'name="revision" value="(\d+)"', refused.content.decode())[1]
    backoffice.post(url("properties", draft.pk), shown | {"revision": revision})

    stored = LandingPage.objects.get()
    assert (stored.label, stored.on_match) == ("Of Ana", "refuse")


def test_act_on_arrival_is_offered_by_blocklist_pages_alone(backoffice, draft):
    other = LandingPageFactory(template="blocklist")

    assert "act on arrival" not in read(backoffice, "properties", draft.pk).lower()
    assert "act on arrival" in read(backoffice, "properties", other.pk).lower()


def test_publishing_puts_what_was_shown_online(backoffice, draft):
    text = read(backoffice, "publish", draft.pk)
    response = backoffice.post(url("publish", draft.pk), {"revision": draft.revision}, follow=True)

    draft.refresh_from_db()
    assert "Publish version 1" in text
    assert (draft.status, draft.version.number, draft.version.published_by) == ("online", 1, "Ana Lopes")
    assert "is online." in response.content.decode()


def test_publish_page_says_what_changes(backoffice, online, press):
    first, second, third = online.blocks.all()[:3]
    editing.change(online, first.key, {"texts": {"en": {"label": "Hello"}, "fr": {"label": "Bonjour"}}}, by="Ana")
    editing.remove(online, second.key, by="Ana")
    editing.move_to(online, third.key, 4, by="Ana")
    editing.add(online, "text", by="Ana")
    editing.change_page(online, {"label": "New name"}, by="Ana")
    say(online, "error", fr="Oh")
    editing.remove(online, online.every_block.get(part="confirmation").key, by="Ana")

    changed = backoffice.get(url("publish", online.pk)).context["changed"]

    assert changed == [
        "Changed: Heading “Hello”",
        "Added: Text “Text”",
        "Removed: Text “Tell us who you are and what you no longer want to receive.”",
        "Confirmation page – Removed: Text “Your choices are recorded.”",
        "Error page – Changed: Text “Oh”",
        "Label: “Vos préférences” → “New name”",
        "1 block moved",
    ]
    assert len(changed) == publishing.changes_not_published(LandingPage.objects.get())


def test_publish_page_names_blocks_in_the_operators_language(backoffice, online):
    first = online.blocks.first()
    editing.change(online, first.key, {"texts": {"en": {"label": "Hello"}, "fr": {"label": "Bonjour"}}}, by="Ana")

    changed = backoffice.get(url("publish", online.pk), headers={"accept-language": "fr"}).context["changed"]

    assert changed == ["Modifié\u00a0: Titre «\u00a0Bonjour\u00a0»"]


def test_a_page_that_is_online_as_it_is_offers_no_button(backoffice, online):
    page = backoffice.get(f"/admin/landing-pages/{online.pk}/publish/").content.decode()

    assert "Nothing: what is online is what you see in the builder." in page
    assert ["Publish version 2" in page, "Back to the content" in page] == [False, True]


def test_an_error_blocks_publishing(backoffice, draft):
    editing.remove(draft, draft.blocks.last().key, by="Ana")

    text = read(backoffice, "publish", draft.pk)
    response = backoffice.post(url("publish", draft.pk), {"revision": draft.revision}, follow=True)

    draft.refresh_from_db()
    assert "The page has no button." in text
    assert "Publish version" not in text
    assert "The page cannot be published: The page has no button." in response.content.decode()
    assert (draft.status, PublishedVersion.objects.count()) == ("editing", 0)


def test_what_changed_after_the_publish_page_was_shown_is_not_published(backoffice, draft):
    shown = draft.revision
    editing.remove(draft, draft.blocks.first().key, by="Ben")

    backoffice.post(url("publish", draft.pk), {"revision": shown})

    assert PublishedVersion.objects.count() == 0


def test_unpublishing_names_the_consequence_and_closes_the_page(backoffice, online):
    text = read(backoffice, "unpublish", online.pk)
    backoffice.post(url("unpublish", online.pk))

    online.refresh_from_db()
    assert "every visitor reads that the page is no longer available" in text
    assert online.status == "closed"


def test_versions_say_when_and_by_whom_and_one_is_restored(backoffice, online):
    first = online.blocks.first()
    editing.change(online, first.key, {"texts": {"en": {"label": "Second"}, "fr": {"label": "Deux"}}}, by="Ana")
    publishing.publish(online, by="Ben")

    text = read(backoffice, "versions", online.pk)
    backoffice.post(url("restore", online.pk, 1), {"revision": online.revision})

    assert re.search(r"Version 2.+Online.+Ben.+Version 1.+Ana Lopes", text)
    assert labels(online)[0] == "Your preferences"
    online.refresh_from_db()
    assert (online.version.number, PublishedVersion.objects.count()) == (2, 2)


def test_restoring_upon_an_old_page_changes_nothing(backoffice, online):
    shown = online.revision
    editing.remove(online, online.blocks.first().key, by="Ben")
    before = list(online.blocks.values())

    backoffice.post(url("restore", online.pk, 1), {"revision": shown})

    assert list(online.blocks.values()) == before


def test_preview_is_the_public_form_and_can_be_framed_by_us_alone(backoffice, draft):
    response = backoffice.get(url("preview", draft.pk), {"lang": "fr"})

    text = html.unescape(response.content.decode())
    assert "Ne plus m’envoyer d’emails" in text
    assert '<html lang="fr">' in text
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    policy = response["Content-Security-Policy"]
    assert ("frame-ancestors 'self'" in policy, "form-action 'none'" in policy, "sandbox" in policy) == (True, True, True)
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"part": "confirmation", "lang": "en"}, "Your choices are recorded."),
        ({"part": "error", "lang": "fr"}, "Vos choix n’ont pas pu être enregistrés."),
        ({"version": "1", "lang": "en"}, "Your preferences"),
    ],
)
def test_preview_shows_the_other_pages_and_former_versions(backoffice, online, query, words):
    editing.remove(online, online.blocks.first().key, by="Ana")

    assert words in read(backoffice, "preview", online.pk, **query)


def test_preview_of_a_version_that_never_was_is_not_found(backoffice, draft):
    assert backoffice.get(url("preview", draft.pk), {"version": "7"}).status_code == 404


def test_labels_with_markup_are_text_everywhere(backoffice, draft):
    texts = {code: {"label": ATTACK, "help": ATTACK} for code in ("en", "fr")}
    for block in draft.blocks.all():
        editing.change(draft, block.key, {"texts": texts}, by=ATTACK)
    editing.change_page(draft, {"label": ATTACK}, by=ATTACK)
    for part in ("confirmation", "error"):
        say(draft, part, en=ATTACK)
    publishing.publish(draft, by=ATTACK)
    editing.remove(draft, draft.blocks.first().key, by=ATTACK)
    block = draft.blocks.first()
    asked = [("list", (), {}), *((name, (draft.pk,), {}) for name in ("properties", "publish", "unpublish", "versions"))]
    asked += [("build", (draft.pk,), {"block": block.key, "focus": ATTACK, "lang": ATTACK, "width": ATTACK})]
    asked += [
        (name, (draft.pk,), {"part": part}) for name in ("build", "preview") for part in ("content", "confirmation", "error")
    ]

    for name, arguments, query in asked:
        answer = backoffice.get(url(name, *arguments), query).content.decode()
        assert "<script>alert" not in answer
        assert "<img src=x" not in answer
    moved = backoffice.post(url("build", draft.pk), {"revision": draft.revision, "do": f"down:{block.key}"}, follow=True)
    assert "&lt;script&gt;alert" in moved.content.decode()
    assert "<script>alert" not in moved.content.decode()


def test_get_changes_nothing(backoffice, online, draft):
    def everything():
        return [list(model.objects.order_by("pk").values()) for model in (LandingPage, Block, PublishedVersion)]

    before, sessions = everything(), Session.objects.count()
    key = online.blocks.first().key
    for one in (online, draft):
        for name in ("build", "preview", "properties", "publish", "versions", "unpublish"):
            backoffice.get(url(name, one.pk), {"do": f"remove:{key}", "block": key, "revision": one.revision})
    backoffice.get(url("add"), {"template": "blocklist", "label": "x"})

    assert backoffice.get(url("restore", online.pk, 1)).status_code == 405
    assert (everything(), Session.objects.count()) == (before, sessions)


PAGES = ["list", "add", "build", "preview", "properties", "publish", "unpublish", "versions", "restore"]


@pytest.mark.parametrize(
    ("codename", "opened"),
    [
        ("view_landingpage", ["list", "build", "preview", "versions"]),
        ("add_landingpage", ["add"]),
        ("change_landingpage", ["properties", "restore"]),
        ("publish_landingpage", ["publish", "unpublish"]),
        ("view_delivery", []),
    ],
)
def test_each_page_asks_for_its_permission(may, online, codename, opened):
    ben = may(codename)
    arguments = {"list": (), "add": (), "restore": (online.pk, 1)}

    statuses = {name: ben.get(url(name, *arguments.get(name, (online.pk,)))).status_code for name in PAGES}

    assert [name for name, status in statuses.items() if status != 403] == opened


def test_who_may_only_look_changes_nothing_and_is_offered_nothing(may, online):
    ben, before = may("view_landingpage"), list(online.blocks.values())
    key = online.blocks.first().key

    text = read(ben, "build", online.pk, to_block=key, lang="en")
    response = ben.post(url("build", online.pk), {"revision": online.revision, "do": f"remove:{key}"})

    assert "Your preferences" in text
    for offered in ("Publish…", "Add a block", "Move up", 'value="save"', 'method="post" action="/admin/landing-pages'):
        assert offered not in text
    assert (response.status_code, list(online.blocks.values())) == (403, before)


@pytest.mark.parametrize("end", ["", "preview/", "properties/", "publish/", "unpublish/", "versions/", "versions/1/restore/"])
@pytest.mark.parametrize("page_id", [0, 9**18, 9**30])
def test_a_page_that_does_not_exist_is_not_found(backoffice, online, end, page_id):
    url = f"/admin/landing-pages/{page_id}/{end}"

    answers = {backoffice.get(url).status_code, backoffice.post(url, {"do": "add:text", "revision": "1"}).status_code}

    assert answers <= {404, 405}
    assert 404 in answers


def test_nobody_without_a_login_sees_any_page(client, online):
    for name in ("list", "build", "preview", "publish"):
        response = client.get(url(name, *(() if name == "list" else (online.pk,))))
        assert (response.status_code, response["Location"].startswith("/admin/login/")) == (302, True)


def test_undo_brings_back_what_was_there_and_says_whose_change_it_was(press, backoffice, draft):
    first = draft.blocks.first()
    before = labels(draft)
    editing.remove(draft, first.key, by="Ben")

    text = read(backoffice, "build", draft.pk)
    assert re.search(r"Last change: <time[^>]*>today [\d:]+</time>, Ben", text)
    assert re.search(r'value="undo" id="undo" title="Undo">', text)
    assert re.search(r'value="redo" id="redo" title="Redo" aria-disabled="true">', text)
    response = press(draft, "undo")

    assert labels(draft) == before
    assert "focus=undo" in response["Location"]
    assert "The change of Ben is undone." in " ".join(backoffice.get(response["Location"]).content.decode().split())
    press(draft, "redo")
    assert labels(draft) == before[1:]


def test_undo_takes_back_what_was_typed_and_redo_gives_it_again(press, draft):
    first, before = draft.blocks.first(), labels(draft)

    press(draft, "undo", block=first, typed={"block-label_en": "Typed"})
    assert labels(draft) == before
    press(draft, "redo")
    assert labels(draft)[0] == "Typed"


def test_nothing_is_undone_where_nothing_was_done_or_somebody_else_was_faster(press, backoffice, draft):
    draft.states.all().delete()
    before = labels(draft)
    response = press(draft, "undo")
    assert "There is nothing to undo any more." in backoffice.get(response["Location"]).content.decode()
    editing.remove(draft, draft.blocks.first().key, by="Ben")

    stale = press(draft, "undo", revision="0")

    assert stale.status_code == 409
    assert labels(draft) == before[1:]
