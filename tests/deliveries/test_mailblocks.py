"""Mails made of blocks: HTML for mail programs, editing step by step, undo, and pictures that stay."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from deliveries import blockediting, harmless, lifecycle, mailblocks, rendering
from deliveries.blockediting import NoSuchBlock, NothingToUndo
from deliveries.mailblock_form import MailBlockForm
from deliveries.mailblocks import MailKind
from deliveries.models import ContentMode, Delivery
from deliveries.statuses import InvalidTransition
from landingpages import media, publishing
from landingpages.models import Image, LandingPage
from profiles import brands
from profiles.models import Brand
from tests.factories import BrandFactory, LandingPageFactory, PublishedPageFactory
from tests.profiles.images import PNG

pytestmark = pytest.mark.django_db
BRAND = {"label": "Maison", "light_accent": "#7a1f5c", "dark_accent": "#f0b6dc"}


def block(kind, **values):
    return mailblocks.new(kind) | values


def compiled(*blocks):
    return mailblocks.compile_html(blocks, Brand(**BRAND))


@pytest.fixture
def made_of_blocks(make_delivery):
    delivery = make_delivery()
    blockediting.begin(delivery, by="Ana")
    return delivery


def test_html_has_the_styles_on_its_elements_and_the_dark_colours_beside():
    html = compiled(block(MailKind.BUTTON, text="Read", url="https://example.org/"))

    assert re.search(r'<a href="https://example.org/" style="[^"]*color: #ffffff', html)
    assert "background-color: #7a1f5c" in html
    assert ".button { background-color: #f0b6dc !important; }" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert html.index("charset") < html.index("<style>")


def test_html_is_a_column_of_600_pixels_that_gets_narrower_on_a_phone():
    html = compiled(block(MailKind.COLUMNS, left="<p>L</p>", right="<p>R</p>"))

    assert 'width="600"' in html
    assert "max-width: 600px;width: 100%" in html
    assert re.search(r"max-width: 620px\) \{\s*\.column \{[^}]*display: block !important", html)


def test_merge_fields_come_through_as_they_were_written():
    field = """{{ profile.first_name | default: "you & me" }}"""

    html = compiled(block(MailKind.HEADING, text=f"Hello {field}"), block(MailKind.TEXT, html=f"<p>Dear {field}</p>"))

    assert html.count(field) == 2


def test_what_is_typed_into_a_heading_is_text_and_no_html():
    assert "&lt;script&gt;" in compiled(block(MailKind.HEADING, text="<script>alert(1)</script>"))


@pytest.mark.parametrize(
    ("values", "href"),
    [
        ({"url": "https://example.org/?a=1&b=2"}, "https://example.org/?a=1&amp;b=2"),
        ({"target": "preferences_url", "url": ""}, "{{ preferences_url }}"),
    ],
)
def test_button_leads_to_an_address_or_to_a_link_of_the_person(values, href):
    assert f'href="{href}"' in compiled(block(MailKind.BUTTON, **values))


def test_text_links_to_landing_pages_by_their_public_address(settings):
    page = PublishedPageFactory(slug="news")

    html = compiled(block(MailKind.TEXT, html=f'<p><a href="page:{page.pk}">news</a></p>'))

    assert f'href="{settings.PUBLIC_URL}/lp/news/"' in html


def test_footer_has_all_that_the_law_asks_for():
    html = compiled(*mailblocks.start(with_preferences=True))

    for field in ("unsubscribe_url", "preferences_url", "sender.postal_address"):
        assert f"{{{{ {field} }}}}" in html


def test_automatic_text_says_what_the_blocks_say_without_the_table():
    text = rendering.text_of(compiled(block(MailKind.HEADING, text="Spring"), block(MailKind.TEXT, html="<p>It is here.</p>")))

    assert text == "Maison\nSpring\n\nIt is here."


@pytest.mark.parametrize(
    ("kind", "values", "fault"),
    [
        (MailKind.BUTTON, {"text": "x", "url": "javascript:alert(1)", "align": "left"}, "url"),
        (MailKind.HEADING, {"text": "{{ profile.shoe }}", "level": "1", "align": "left"}, "text"),
        (MailKind.TEXT, {"html": "<p>{% if %}</p>"}, "html"),
        (MailKind.SPACER, {"height": "9999"}, "height"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(kind, values, fault):
    form = MailBlockForm(block(kind), {f"block-{name}": value for name, value in values.items()})

    assert list(form.errors) == [fault]


def test_rich_text_is_cleaned_and_keeps_its_merge_fields():
    form = MailBlockForm(
        block(MailKind.TEXT), {"block-html": '<p onclick="x()">A {{ profile.city | default: "<here>" }}<script>b</script></p>'}
    )

    assert form.is_valid()
    assert form.values()["html"] == '<p>A {{ profile.city | default: "<here>" }}</p>'


def repainted(brand, accent="#7a1f5c"):
    brand.light_accent = accent
    brands.save(brand)


def test_change_of_the_brand_reaches_drafts_proofs_and_what_is_prepared(make_delivery, prepare):
    brand = BrandFactory()
    delivery = make_delivery(brand=brand)
    blockediting.begin(delivery, by="Ana")

    repainted(brand)
    delivery = Delivery.objects.get(pk=delivery.pk)

    shown = [rendering.draft(delivery)["html"], harmless.content_of(delivery)["html"], prepare(delivery).content["html"]]
    assert ["#7a1f5c" in html for html in shown] == [True, True, True]
    assert "#7a1f5c" not in delivery.html


def test_what_is_prepared_keeps_the_brand_of_then(made_of_blocks, prepare):
    brand = BrandFactory(is_default=True)
    pinned = prepare(made_of_blocks).content["html"]

    repainted(brand)

    assert harmless.content_of(Delivery.objects.get(pk=made_of_blocks.pk))["html"] == pinned


def test_leaving_blocks_keeps_what_they_give_now(made_of_blocks):
    repainted(BrandFactory(is_default=True))

    blockediting.leave(made_of_blocks, by="Ana")

    assert "#7a1f5c" in made_of_blocks.html


def linking(delivery, page):
    text = block(MailKind.TEXT, html=f'<p><a href="page:{page.pk}">Take part</a></p>')
    blockediting.store(delivery, [*delivery.blocks, text], by="Ana")


def test_page_that_is_published_after_it_was_linked_is_linked_at_its_address(made_of_blocks, prepare, settings):
    page = LandingPageFactory(slug="draft")
    linking(made_of_blocks, page)
    LandingPage.objects.filter(pk=page.pk).update(slug="news")
    publishing.publish(LandingPage.objects.get(pk=page.pk), by="Ana")

    html = prepare(made_of_blocks).content["html"]

    assert f'href="{settings.PUBLIC_URL}/lp/news/"' in html
    assert "/lp/draft/" not in html


def test_page_whose_new_address_is_not_published_yet_is_linked_where_visitors_find_it(made_of_blocks, settings):
    page = PublishedPageFactory(slug="news")
    LandingPage.objects.filter(pk=page.pk).update(slug="later")

    linking(made_of_blocks, page)

    assert f'href="{settings.PUBLIC_URL}/lp/news/"' in made_of_blocks.html


def test_beginning_with_blocks_replaces_the_html_and_leaving_keeps_it(made_of_blocks):
    html = made_of_blocks.html
    assert "max-width: 600px" in html

    blockediting.leave(made_of_blocks, by="Ana")

    assert (made_of_blocks.content_mode, made_of_blocks.html) == (ContentMode.HTML, html)
    assert made_of_blocks.blocks


def test_going_back_to_blocks_brings_them_back_as_they_were(made_of_blocks):
    blocks, html = made_of_blocks.blocks, made_of_blocks.html
    blockediting.leave(made_of_blocks, by="Ana")
    lifecycle.revise(made_of_blocks, {"html": "<p>mine</p>"}, revision=made_of_blocks.revision, by="Ana")

    blockediting.begin(made_of_blocks, by="Ana")

    assert (made_of_blocks.blocks, made_of_blocks.html) == (blocks, html)


def test_changes_are_undone_and_done_again_one_by_one(made_of_blocks):
    before = made_of_blocks.blocks
    for number in range(2):
        heading = block(MailKind.HEADING, text=f"Number {number}")
        blockediting.store(made_of_blocks, blockediting.added(made_of_blocks.blocks, heading), by="Ana")
    after = made_of_blocks.html

    blockediting.undo(made_of_blocks, by="Ana")
    assert ("Number 0" in made_of_blocks.html, "Number 1" in made_of_blocks.html) == (True, False)
    blockediting.undo(made_of_blocks, by="Ana")
    assert made_of_blocks.blocks == before
    blockediting.redo(made_of_blocks, by="Ana")
    blockediting.redo(made_of_blocks, by="Ana")

    assert made_of_blocks.html == after
    with pytest.raises(NothingToUndo):
        blockediting.redo(made_of_blocks, by="Ana")


def test_what_was_undone_is_gone_once_something_else_is_changed(made_of_blocks):
    first, other = block(MailKind.HEADING, text="First"), block(MailKind.HEADING, text="Other")
    blockediting.store(made_of_blocks, [first], by="Ana")
    blockediting.undo(made_of_blocks, by="Ana")
    blockediting.store(made_of_blocks, [other], by="Ana")

    assert blockediting.can(made_of_blocks) == {"undo": True, "redo": False}
    with pytest.raises(NothingToUndo):
        blockediting.redo(made_of_blocks, by="Ana")


def test_steps_that_are_kept_are_few(made_of_blocks, monkeypatch):
    monkeypatch.setattr(blockediting, "STEPS", 3)

    for number in range(6):
        blockediting.store(made_of_blocks, [block(MailKind.HEADING, text=str(number))], by="Ana")

    assert made_of_blocks.block_steps.count() == 4


def test_second_of_two_editors_is_told_and_changes_nothing(made_of_blocks):
    other = Delivery.objects.get(pk=made_of_blocks.pk)
    blockediting.store(made_of_blocks, [block(MailKind.HEADING, text="Mine")], by="Ana")

    with pytest.raises(InvalidTransition):
        blockediting.store(other, [block(MailKind.HEADING, text="Yours")], by="Ben")

    assert "Mine" in Delivery.objects.get().html


def test_changing_a_block_makes_a_ready_delivery_need_a_new_preparation(made_of_blocks, prepare):
    prepare(made_of_blocks)

    blockediting.store(made_of_blocks, [block(MailKind.HEADING)], by="Ana")

    assert (made_of_blocks.status, made_of_blocks.preparation) == ("editing", None)


@pytest.mark.parametrize(
    ("position", "order"),
    [(None, ["a", "b", "new", "footer"]), (1, ["new", "a", "b", "footer"]), (9, ["a", "b", "footer", "new"])],
)
def test_block_is_added_before_the_footer_or_where_it_was_dropped(position, order):
    blocks = [{"key": "a", "kind": "text"}, {"key": "b", "kind": "text"}, {"key": "footer", "kind": "footer"}]

    after = blockediting.added(blocks, {"key": "new", "kind": "text"}, position)

    assert [one["key"] for one in after] == order


def test_block_that_is_gone_cannot_be_moved():
    with pytest.raises(NoSuchBlock):
        blockediting.moved([{"key": "a", "kind": "text"}], "b", 1)


@pytest.mark.parametrize("is_shown", [True, False])
def test_picture_of_a_content_is_not_forgotten(make_delivery, is_shown):
    image = media.keep(ContentFile(PNG, "spring.png"), by="Ana")
    Image.objects.update(uploaded_at=timezone.now() - timedelta(days=9))
    delivery = make_delivery()
    shown = [block(MailKind.IMAGE, digest=image.digest, width=1, height=1)] if is_shown else []
    blockediting.store(delivery, shown, by="Ana", content_mode=ContentMode.BLOCKS)
    blockediting.store(delivery, [], by="Ana")

    media.forget_unused()

    assert Image.objects.exists() == is_shown  # mails that show it may have left as a proof
