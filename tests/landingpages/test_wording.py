"""Merge fields, conditions and rich text: what is shown to whom, and that no text and no field comes to life."""

import pytest

from landingpages import editing, forms, publishing, richtext
from landingpages.visitors import STRANGER, of
from landingpages.wording import Wording
from profiles.models import ConsentEvent, Profile
from tests.factories import LandingPageFactory, ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import address, link, say, stranger, typed

pytestmark = pytest.mark.django_db
GREETING = {code: {"label": '<p>Hello {{ profile.first_name | default: "friend" }}</p>'} for code in ("en", "fr")}
HOSTILE = "<script>1</script>{{ profile.email }}{% raw %}\"'"  # as long as a name may be


def add(page, kind, **values):
    part = values.pop("part", "content")
    return editing.change(page, editing.add(page, kind, by="Ana", part=part).key, values, by="Ana")


def read(client, url):
    return client.get(url).content.decode()


def found(page):
    return [(check.level, check.text) for check in publishing.checks(page) if check.field != "expires_at"]


@pytest.mark.parametrize(("preloads", "name"), [(True, "Marie"), (False, "friend")])
def test_stored_data_are_merged_only_where_the_page_preloads_them(anonymous, preloads, name):
    page = LandingPageFactory(preload_data=preloads)
    add(page, "rich_text", texts=GREETING)
    publishing.publish(page, by="Ana")

    assert f"Hello {name}</p>" in read(anonymous, link(page, ProfileFactory(first_name="Marie")))
    assert "Hello friend</p>" in read(anonymous, address(page))


def test_addresses_are_masked_in_every_text(anonymous):
    page = LandingPageFactory(preload_data=True)
    texts = {code: {"label": "{{ profile.email }} {{ profile.mobile }}"} for code in ("en", "fr")}
    add(page, "heading", texts=texts)
    add(page, "rich_text", texts=texts)
    publishing.publish(page, by="Ana")
    marie = ProfileFactory(email="marie@example.org", mobile="+33612345678")

    html = read(anonymous, link(page, marie))

    assert html.count("m•••e@example.org +33•••78") == 2
    assert marie.email not in html
    assert marie.mobile not in html


def test_the_confirmation_greets_with_what_was_just_submitted(anonymous):
    page = LandingPageFactory(template="acquisition")
    add(
        page,
        "rich_text",
        part="confirmation",
        texts={code: {"label": "<p>Thank you {{ profile.last_name }}</p>"} for code in ("en", "fr")},
    )
    publishing.publish(page, by="Ana")

    answer = anonymous.post(address(page), stranger(page, last_name=HOSTILE, email="petit@example.org")).content.decode()

    assert "Thank you &lt;script&gt;1&lt;/script&gt;{{ profile.email }}{% raw %}" in answer
    assert "petit@example.org" not in answer


def test_the_confirmation_is_the_same_for_known_and_unknown(anonymous):
    page = LandingPageFactory()
    say(page, "confirmation", en="Thank you {{ profile.first_name }} {{ profile.last_name }}")
    publishing.publish(page, by="Ana")
    ProfileFactory(first_name="Secret", email="marie@example.org")

    answers = {
        anonymous.post(address(page), stranger(page, last_name="Petit", email=email)).content
        for email in ("marie@example.org", "nobody@example.org")
    }

    assert len(answers) == 1


@pytest.mark.parametrize(
    "text", ["{{ profile.first_name", "{% if x %}", "{{ x | nofilter }}", "{{ 7*7 }}", "}}{{", "{{ 'a' | safe }}"]
)
def test_a_text_that_cannot_be_read_is_an_error_and_no_500(backoffice, text):
    page = LandingPageFactory(template="blocklist")
    block = add(page, "rich_text", texts={code: {"label": f"<p>{text}</p>"} for code in ("en", "fr")})

    assert any(check.level == "error" and check.block_key == str(block.key) for check in publishing.checks(page))
    assert backoffice.get(f"/admin/landing-pages/{page.pk}/preview/").status_code == 200
    assert backoffice.get(f"/admin/landing-pages/{page.pk}/", {"block": block.key}).status_code == 200


def test_checks_name_unknown_fields_and_missing_fallbacks():
    page = LandingPageFactory(template="blocklist")
    add(page, "heading", texts={"en": {"label": "{{ profile.shoe }}"}, "fr": {"label": '{{ profile.city | default: "x" }}'}})

    assert found(page) == [
        ("error", "There is no merge field profile.shoe (English)."),
        ("warning", 'The merge field profile.shoe has no fallback (English): add | default: "…".'),
    ]


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p onclick='x'>a</p>", "<p>a</p>"),
        ("<script>alert(1)</script><style>x</style>b", "b"),
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
        ('<a href="JaVaScRiPt:alert(1)">a</a>', "<a>a</a>"),
        ('<a href="data:text/html,x">a</a>', "<a>a</a>"),
        ('<a href="//evil.example">a</a>', "<a>a</a>"),
        ('<a href="/admin/">a</a>', "<a>a</a>"),
        ('<a href="{{ profile.city }}">a</a>', "<a>a</a>"),
        ('<a href="https://{{ profile.city }}/">a</a>', "<a>a</a>"),
        ('<a href="https://example.org" target="_blank" style="x">a</a>', '<a href="https://example.org" target="_blank">a</a>'),
        ('<a href="https://example.org" target="_top">a</a>', '<a href="https://example.org">a</a>'),
        ('<a href="mailto:a@example.org">a</a>', '<a href="mailto:a@example.org">a</a>'),
        ('<a href="page:12">a</a>', '<a href="page:12">a</a>'),
        ('<a href="page:x">a</a>', "<a>a</a>"),
        ('<img src=x onerror="alert(1)">', ""),
        ("<svg><script>1</script></svg>", ""),
        ("<b>a", "<b>a</b>"),
    ],
)
def test_html_is_cleaned(html, left):
    assert richtext.clean(html) == left
    assert richtext.clean(left) == left


def test_a_link_follows_the_page_that_it_names(anonymous):
    target = PublishedPageFactory()
    page = LandingPageFactory()
    add(
        page,
        "rich_text",
        texts={code: {"label": f'<p><a href="page:{target.pk}">a</a> <a href="page:99999">b</a></p>'} for code in ("en", "fr")},
    )
    shown = Wording({"languages": ["en"]}, "en")

    assert ("error", "A link leads to a landing page that is not there, or was never published.") in found(page)
    html = forms.form_class(publishing.snapshot(page), "en")().blocks[-2].html
    assert f'href="http://localhost:8000/lp/{target.slug}/"' in html or f"/lp/{target.slug}/" in html
    assert "<a>b</a>" in html
    assert shown.say("x") == "x"


WHEN = {"field": "opted_out_sms", "operator": "is", "value": "yes"}


def conditional(**values):
    page = LandingPageFactory(template="blocklist", unidentified_allowed=False, **values)
    block = add(page, "checkbox", field="opted_out_email", visible_when=WHEN)
    publishing.publish(page, by="Ana")
    return page, forms.field_name({"key": str(block.key)})


def test_a_block_is_shown_to_those_it_is_for(anonymous):
    page, name = conditional()

    assert name in read(anonymous, link(page, ProfileFactory(opted_out=["sms"])))
    assert f'name="{name}"' not in read(anonymous, link(page, ProfileFactory()))


def test_what_is_not_visible_is_not_written(anonymous):
    page, name = conditional()
    marie = ProfileFactory()

    anonymous.post(link(page, marie), typed(page) | {name: "on", "seen": "-"})

    assert [event.scope for event in ConsentEvent.objects.filter(profile=marie)] == ["all"]


def test_who_saw_other_inputs_than_there_are_now_is_told_and_nothing_is_written(anonymous):
    """A box that came meanwhile was never left empty, one that went was never ticked."""
    page, _name = conditional()
    marie = ProfileFactory(opted_out=["sms", "email"])
    before = ConsentEvent.objects.count()

    answer = anonymous.post(link(page, marie) + "?lang=en", typed(page) | {"seen": "-"})

    assert (answer.status_code, "This page was changed while you had it open" in answer.content.decode()) == (422, True)
    assert ConsentEvent.objects.count() == before


@pytest.mark.parametrize(
    ("operator", "value", "known", "is_shown"),
    [
        ("is", "fr", "FR", True), ("is", "BE", "FR", False), ("is_not", "BE", "FR", True), ("is_not", "FR", "FR", False),
        ("filled", "", "FR", True), ("filled", "", "", False), ("empty", "", "", True), ("empty", "", "FR", False),
    ],
)  # fmt: skip
def test_conditions(operator, value, known, is_shown):
    page = LandingPageFactory(template="blocklist", preload_data=True)
    block = add(page, "heading", visible_when={"field": "country", "operator": operator, "value": value})
    content = publishing.snapshot(page)

    shown = forms.form_class(content, "en")(visitor=of(content, Profile(country=known))).blocks

    assert (str(block.key) in [one.key for one in shown]) is is_shown


def test_a_condition_tells_a_stranger_nothing_and_without_preload_nobody():
    page = LandingPageFactory(template="blocklist")
    block = add(page, "heading", visible_when={"field": "city", "operator": "is", "value": "Paris"})
    content = publishing.snapshot(page)

    for visitor in (STRANGER, of(content, Profile(city="Paris"))):
        assert str(block.key) not in [one.key for one in forms.form_class(content, "en")(visitor=visitor).blocks]
    assert any("preload visitor data" in text for _level, text in found(page))


@pytest.mark.parametrize("kind", ["text_input", "checkbox", "button", "agreement", "hidden", "service"])
@pytest.mark.parametrize("part", ["confirmation", "error"])
def test_the_pages_that_follow_take_no_input(kind, part):
    page = LandingPageFactory()

    with pytest.raises(ValueError, match="takes no block of this type"):
        editing.add(page, kind, by="Ana", part=part)

    assert page.every_block.filter(part=part).count() == 1


@pytest.mark.parametrize("preloads", [True, False])
def test_no_text_and_no_field_comes_to_life(anonymous, preloads):
    page = LandingPageFactory(preload_data=preloads)
    for part in ("content", "confirmation", "error"):
        add(
            page,
            "rich_text",
            part=part,
            texts={code: {"label": "<p>{{ profile.first_name }}{{ profile.city }}</p>"} for code in ("en", "fr")},
        )
    publishing.publish(page, by="Ana")
    marie = ProfileFactory(first_name="<script>1</script>", city="{{ profile.email }}")

    pages = [
        read(anonymous, link(page, marie)),
        anonymous.post(link(page, marie), typed(page, last_name="")).content.decode(),
        anonymous.post(link(page, marie), typed(page, last_name=HOSTILE, email=marie.email)).content.decode(),
    ]

    assert [html for html in pages if "<script" in html or marie.email in html] == []
