"""The editor of a content, its preview, and what they refuse."""

import email
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from deliveries import blockediting, content_hints, pictures, preparation, rendering
from deliveries.mailblocks import MailKind
from deliveries.models import ContentMode, Delivery, TestProfile
from landingpages.models import Image
from tests.factories import ProfileFactory
from tests.landingpages.visitors import everything
from tests.profiles.images import PNG

pytestmark = pytest.mark.django_db
GOOD = '<a href="{{ unsubscribe_url }}">x</a>'
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'; frame-ancestors 'self'"


@pytest.fixture
def delivery(make_delivery):
    return make_delivery()


@pytest.fixture
def post(backoffice, delivery):
    """Send the editor's form as it stands, with what is given."""

    def send(**values):
        current = Delivery.objects.get(pk=delivery.pk)
        shown = {"revision": current.revision, "subject": current.subject, "html": current.html, "text": current.text}
        return backoffice.post(reverse("deliveries:content", args=[delivery.pk]), shown | values)

    return send


def get(backoffice, name, delivery, **query):
    return backoffice.get(reverse(f"deliveries:{name}", args=[delivery.pk]), query)


def test_what_is_written_is_stored_as_it_is(post, delivery):
    response = post(subject="New", html=GOOD, text="{{ unsubscribe_url }}", do="save")

    delivery.refresh_from_db()
    assert response.status_code == 302
    assert (delivery.subject, delivery.html, delivery.text) == ("New", GOOD, "{{ unsubscribe_url }}")


@pytest.mark.parametrize("changed", [{"html": "<p>{{ unsubscribe_url }}</p>"}, {"text": "Other {{ unsubscribe_url }}"}])
def test_a_changed_content_has_to_be_prepared_again(post, delivery, prepare, changed):
    prepare(delivery)

    post(do="save", **changed)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.preparation) == ("editing", None)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"subject": "{{ profile.shoe_size }}"}, "There is no merge field “profile.shoe_size”."),
        ({"html": "<p>\n{% if %}"}, "There is a mistake in the merge fields: line 2"),
        ({"text": "{{ 'x' | nonsense }}"}, "There is a mistake in the merge fields"),
        ({"upload": SimpleUploadedFile("x.svg", b"<svg/>")}, "This is no PNG, JPEG, GIF or WebP picture."),
    ],
)
def test_bad_input_is_told_at_its_field_and_nothing_is_stored(post, delivery, bad, message):
    before = everything()

    response = post(**{"subject": "My own words"} | bad)

    assert (response.status_code, message in response.content.decode()) == (422, True)
    assert everything() == before


def test_second_of_two_editors_is_told_and_sees_what_she_typed(post, delivery):
    shown = delivery.revision
    post(subject="First")

    response = post(subject="Second", revision=shown)

    assert (response.status_code, Delivery.objects.get().subject) == (409, "First")
    assert 'value="Second"' in response.content.decode()


@pytest.mark.parametrize("name", ["subject", "html", "text"])
def test_what_was_typed_stays_on_the_screen_while_somebody_prepares(post, delivery, name):
    preparation.start(delivery, by="Ben")
    before = everything()

    response = post(**{name: "Mine {{ unsubscribe_url }}"}, do="save")

    shown = response.content.decode()
    assert everything() == before
    assert (response.status_code, "Mine {{ unsubscribe_url }}" in shown) == (409, True)
    assert "The delivery is “Preparing” now, its content is pinned: nothing was saved." in shown
    preparation.cancel(delivery, by="Ben")
    assert post(subject="Mine", do="save").status_code == 302


def test_settings_of_a_block_stay_on_the_screen_while_somebody_prepares(post, delivery):
    blockediting.begin(delivery, by="Ana")
    heading = delivery.blocks[0]
    preparation.start(delivery, by="Ben")
    before = everything()

    shown = {"block": heading["key"], "kind": "heading", "block-text": "Mine", "block-level": "1", "block-align": "left"}
    response = post(**shown, do=f"down:{heading['key']}")

    assert everything() == before
    assert (response.status_code, 'value="Mine"' in response.content.decode()) == (409, True)


def test_picture_is_not_stored_while_somebody_prepares(post, delivery):
    preparation.start(delivery, by="Ben")

    response = post(upload=SimpleUploadedFile("spring.png", PNG), do="upload")

    assert (response.status_code, Image.objects.count()) == (409, 0)


def test_uploaded_picture_is_offered_with_its_address(post, delivery, backoffice, settings):
    post(upload=SimpleUploadedFile("spring.png", PNG), do="upload")

    image = Image.objects.get()
    assert pictures.of(delivery) == [image]
    assert f"{settings.PUBLIC_URL}/media/{image.digest}" in get(backoffice, "content", delivery).content.decode()


def test_text_follows_the_html_until_somebody_edits_it(post, delivery):
    post(html=f"<p>Spring</p>{GOOD}", text="")
    assert rendering.draft(Delivery.objects.get())["text"].startswith("Spring")

    post(do="own_text")
    post(html=f"<p>Summer</p>{GOOD}")
    assert Delivery.objects.get().text.startswith("Spring")

    post(do="automatic_text")
    assert rendering.draft(Delivery.objects.get())["text"].startswith("Summer")


def test_what_is_written_can_be_prepared_at_once(post, delivery, backoffice):
    response = post(subject="New", do="prepare")

    delivery.refresh_from_db()
    assert response.url == reverse("deliveries:show", args=[delivery.pk])
    assert (delivery.status, delivery.preparations.get().content["subject"]) == ("preparing", "New")


def test_way_to_blocks_asks_first_and_get_changes_nothing(backoffice, delivery):
    before = everything()

    html = get(backoffice, "content_mode", delivery).content.decode()

    assert "The HTML as it is now is lost" in html
    assert everything() == before


def test_blocks_are_added_moved_changed_and_removed_by_buttons(backoffice, post, delivery):
    address = reverse("deliveries:content_mode", args=[delivery.pk])
    backoffice.post(address, {"revision": delivery.revision})

    post(do="add:spacer:1")
    key = Delivery.objects.get().blocks[0]["key"]
    post(do=f"down:{key}")
    post(do="save", block=key, kind="spacer", **{"block-height": "40", "initial-block-height": "24"})
    assert [one["kind"] for one in Delivery.objects.get().blocks] == ["heading", "spacer", "text", "footer"]
    assert "height: 40px" in Delivery.objects.get().html

    post(do=f"remove:{key}")
    post(do="undo")
    assert len(Delivery.objects.get().blocks) == 4

    backoffice.post(address, {"revision": Delivery.objects.get().revision})
    assert Delivery.objects.get().content_mode == ContentMode.HTML


def test_block_that_somebody_removed_is_told(backoffice, post, delivery):
    blockediting.begin(delivery, by="Ben")

    response = post(do="up:gone", text="")

    assert response.status_code == 409
    assert "removed this block" in response.content.decode()


def test_picture_of_a_block_is_uploaded_with_its_settings(post, delivery):
    blockediting.store(delivery, [{"key": "a", "kind": "image"}], by="Ben", content_mode=ContentMode.BLOCKS)

    post(
        do="save", block="a", kind="image", text="",
        **{"block-upload": SimpleUploadedFile("x.png", PNG), "block-alt": "A tulip", "block-share": "50"},
    )  # fmt: skip

    delivery.refresh_from_db()
    image = Image.objects.get()
    assert f'media/{image.digest}" alt="A tulip" width="1"' in delivery.html
    assert pictures.of(delivery) == [image]


@pytest.mark.parametrize("name", ["content", "content_mode", "proofs"])
def test_who_may_only_look_writes_nothing(client, delivery, name):
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_delivery", "view_proof"]))
    client.force_login(user)
    before = everything()

    response = client.post(reverse(f"deliveries:{name}", args=[delivery.pk]), {"subject": "Mine", "revision": delivery.revision})

    assert response.status_code == 403
    assert everything() == before


def test_preview_shows_what_the_person_gets_in_a_sandbox(backoffice, delivery):
    profile = ProfileFactory(first_name="Zoé")

    frame = get(backoffice, "preview_frame", delivery, person=f"profile-{profile.pk}")

    assert "Hello Zoé" in frame.content.decode()
    assert frame.headers["Content-Security-Policy"] == SANDBOX


def test_preview_as_a_test_profile_and_as_nobody(backoffice, delivery):
    test = TestProfile.objects.create(label="Ana at home", email="ana@example.org", first_name="Ana")

    assert "Hello Ana" in get(backoffice, "preview_frame", delivery, person=f"test-{test.pk}").content.decode()
    assert "Hello you" in get(backoffice, "preview_frame", delivery).content.decode()


def test_profiles_show_in_the_preview_only_to_who_may_see_them(client, delivery):
    profile = ProfileFactory(first_name="Zoé")
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_delivery"))
    client.force_login(user)

    frame = get(client, "preview_frame", delivery, person=f"profile-{profile.pk}")
    found = client.post(reverse("deliveries:preview", args=[delivery.pk]), {"who": profile.email})

    assert ("Zoé" in frame.content.decode(), profile.email in found.content.decode()) == (False, False)


def test_preview_finds_people_by_address_and_by_id(backoffice, delivery):
    profile = ProfileFactory(first_name="Zoé", external_id="C-1029")

    for who in (profile.email, "C-1029"):
        html = backoffice.post(reverse("deliveries:preview", args=[delivery.pk]), {"who": who}).content.decode()
        assert f"person=profile-{profile.pk}&amp;" in html


def test_headers_are_those_of_the_message_that_leaves(backoffice, delivery, prepare, confirm, send_all, smtp):
    profile = ProfileFactory()
    html = get(backoffice, "preview", delivery, part="headers", person=f"profile-{profile.pk}").content.decode()
    prepare(delivery)
    confirm(delivery)
    send_all()

    sent = [name for name, _value in email.message_from_bytes(smtp.accepted[0].mail.as_bytes()).raw_items()]
    assert [name for name in re.findall(r'<th scope="row">([\w-]+)</th>', html) if name in sent] == [
        name for name in sent if not name.startswith(("X-", "Received"))
    ]


def test_live_preview_shows_what_is_typed_and_stores_nothing(backoffice, delivery):
    before = everything()

    response = backoffice.post(
        reverse("deliveries:preview_frame", args=[delivery.pk]), {"html": "<p>Only typed</p>", "subject": "x", "text": ""}
    )

    assert "Only typed" in response.content.decode()
    assert everything() == before


def test_live_preview_of_blocks_shows_the_settings_as_typed(backoffice, delivery):
    blockediting.begin(delivery, by="Ana")
    heading = next(one for one in delivery.blocks if one["kind"] == MailKind.HEADING)
    before = everything()

    response = backoffice.post(
        reverse("deliveries:preview_frame", args=[delivery.pk]),
        {"block": heading["key"], "subject": "x", "text": "", "block-text": "Typed", "block-level": "2", "block-align": "left"},
    )

    assert re.search("<h2[^>]*>Typed</h2>", response.content.decode())
    assert everything() == before


def test_preview_of_a_message_that_fails_says_why(backoffice, delivery):
    frame = backoffice.post(reverse("deliveries:preview_frame", args=[delivery.pk]), {"html": "{% if %}", "subject": "x"})

    assert "This cannot be shown" in frame.content.decode()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"subject": "BUY THIS NOW"}, "capitals"),
        ({"subject": "Spring!!"}, "punctuation"),
        ({"html": '<img src="https://example.org/a.png" alt="x">'}, "no text"),
        ({"html": '<p>Hi</p><img src="https://example.org/a.png" alt="x">'}, "little text"),
        ({"html": f'<p>{"word " * 90}</p><img src="https://example.org/a.png">'}, "no description"),
        ({"html": '<p>Hi</p><a href="http://example.org/">x</a>'}, "not encrypted"),
        ({"html": '<p>Hi</p><a href="https://evil.example/">www.example.org/sale</a>'}, "fraud"),
        ({"html": '<p>Hi</p><a href="#">more</a>'}, "leads nowhere"),
    ],
)
def test_hint_names_what_looks_like_spam(make_delivery, values, said):
    found = content_hints.hints(rendering.draft(make_delivery(**values)))

    assert [said in hint for hint in found] == [True]


def test_ordinary_mail_has_no_hint(make_delivery):
    html = f'<p>{"word " * 90}</p><a href="https://www.example.org/a">example.org</a><img src="https://example.org/a" alt="A">'

    assert content_hints.hints(rendering.draft(make_delivery(html=html))) == []


@pytest.mark.parametrize("url", ["http://[link]", "https://[::1", "//[", "http://[link]:80/"])
def test_link_that_is_no_address_has_no_hint_and_locks_nobody_out(backoffice, post, delivery, url):
    html = f'{GOOD}<a href="{url}">www.example.org</a>'

    response = post(html=html, do="save")

    delivery.refresh_from_db()
    assert (response.status_code, delivery.html) == (302, html)
    assert get(backoffice, "content", delivery).status_code == 200


@pytest.mark.parametrize(("scheme", "asked"), [("light", "@media not all"), ("dark", "@media all")])
def test_preview_has_the_colours_that_were_chosen_whatever_the_screen_has(backoffice, delivery, scheme, asked):
    blockediting.begin(delivery, by="Ana")

    html = get(backoffice, "preview_frame", delivery, scheme=scheme).content.decode()

    assert f"html {{ color-scheme: {scheme};" in html
    assert (asked in html, "prefers-color-scheme" in html) == (True, False)
