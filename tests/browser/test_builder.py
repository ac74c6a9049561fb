"""The landing page builder in a real browser: by keyboard alone, on a narrow screen, by pointer, without a script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import expect

from landingpages import editing
from landingpages.models import LandingPage
from tests.factories import BrandFactory, LandingPageFactory, PublishedPageFactory

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cookie(client, operator, live_server):
    """Ana's session, for any browser context."""
    client.force_login(operator)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": live_server.url,
    }


@pytest.fixture
def logged_in(page, cookie):
    page.context.add_cookies([cookie])
    return page


def has_focus(target):
    return target.count() == 1 and target.evaluate("element => element === document.activeElement")


def tab_to(page, role, name, *, most=120):
    """Press Tab until this has the focus; a person would give up after so many."""
    target = page.get_by_role(role, name=name)
    for _step in range(most):
        if has_focus(target):
            return target
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {name}")


def press(page, role, name):
    tab_to(page, role, name)
    page.keyboard.press("Enter")


def type_into(page, name, text, role="textbox"):
    tab_to(page, role, name)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def words(page):
    """What the blocks in the list say, in their order."""
    return [text.split("\n")[0].removesuffix(" *") for text in page.locator(".look .words").all_inner_texts()]


def expect_focus(target):
    expect(target).to_be_focused()


def barriers(page):
    return [
        (one["id"], node["target"]) for one in Axe().run(page).response["violations"] for node in one["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize("width", [390, 1440])
def test_a_page_is_built_and_published_with_the_keyboard_alone(logged_in, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/admin/landing-pages/")
    press(page, "link", "New page")
    page.wait_for_url("**/new/")
    press(page, "link", "Profile acquisition, a box per channel")
    page.wait_for_url(re.compile(r"/new/\?template="))
    type_into(page, "Label", "Été : mes choix")
    expect(page.get_by_label("Address of the page")).to_have_value("ete-mes-choix")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/landing-pages/\d+/$"))

    press(page, "button", "Checkbox: Stop sending me emails")
    expect_focus(page.get_by_role("heading", name="Settings: Checkbox"))
    tab_to(page, "radio", "ticked = stops")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("ticked = receives")).to_be_checked()
    type_into(page, "Label (English)", "I receive emails")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-builder-live]")).to_have_text("“I receive emails” is block 4 of 10 now.")
    expect_focus(page.get_by_role("button", name="Move up: I receive emails"))
    page.keyboard.press("Enter")
    expect(page.locator("[data-builder-live]")).to_have_text("“I receive emails” is block 3 of 10 now.")
    expect_focus(page.get_by_role("button", name="Move up: I receive emails"))
    press(page, "button", "Remove: Stop sending me push notifications")
    expect_focus(page.get_by_role("button", name="Checkbox: Stop sending me mail by post"))

    page.keyboard.press("Home")
    page.reload()
    press(page, "button", re.compile("^Text$"))
    expect_focus(page.get_by_role("heading", name="Settings: Text"))
    type_into(page, "Text (English)", "It works at once.")
    type_into(page, "Text (French)", "C’est immédiat.")
    press(page, "button", "Save")
    expect(page.locator("[data-builder-live]")).to_have_text("Saved.")
    expect(page.get_by_text("The page has no expiration")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.reload()
    press(page, "link", "Publish…")
    page.wait_for_url("**/publish/")
    press(page, "button", "Publish version 1")
    expect(page.get_by_text("Online", exact=True)).to_be_visible()
    content = LandingPage.objects.get(slug="ete-mes-choix").version.content
    shown = [(block["texts"]["en"]["label"], block["is_positive"]) for block in content["blocks"]]
    assert shown == [
        ("Your preferences", False),
        ("Tell us who you are and what you no longer want to receive.", False),
        ("I receive emails", True),
        ("Name", False),
        ("Email", False),
        ("Mobile", False),
        ("Stop sending me text messages", False),
        ("Stop sending me mail by post", False),
        ("It works at once.", False),
        ("Register", False),
    ]


def test_a_block_is_dragged_by_its_handle_and_escape_puts_it_back(logged_in, page):
    draft = LandingPageFactory(template="blocklist")
    page.set_viewport_size({"width": 1440, "height": 1200})
    page.emulate_media(reduced_motion="reduce")  # nothing moves under the mouse but what it drags
    page.goto(f"/admin/landing-pages/{draft.pk}/")
    heading, text, button = words(page)

    def drag(first, second, *, drop):
        handles = page.locator("[data-handle]")
        start, end = handles.nth(first).bounding_box(), handles.nth(second).bounding_box()
        page.mouse.move(start["x"] + 8, start["y"] + 8)
        page.mouse.down()
        page.mouse.move(start["x"] + 8, end["y"] + (30 if second > first else 2), steps=8)
        drop()

    drag(2, 0, drop=lambda: page.keyboard.press("Escape"))
    page.mouse.up()
    assert words(page) == [heading, text, button]
    drag(0, 1, drop=page.mouse.up)

    expect(page.locator("[data-builder-live]")).to_have_text(f"“{heading}” is block 2 of 3 now.")
    assert words(page) == [text, heading, button]
    assert [block.texts["en"]["label"] for block in draft.blocks.all()] == [text, heading, button]


def test_what_is_typed_shows_in_the_preview_and_the_address_keeps_the_place(logged_in, page):
    draft = LandingPageFactory()
    page.goto(f"/admin/landing-pages/{draft.pk}/")
    page.get_by_role("button", name="Heading: Your preferences").click()
    page.get_by_label("Label (French)").fill("Mes choix")
    page.get_by_role("button", name="French", exact=True).click()

    preview = page.frame_locator("iframe.preview:not(.coming)")
    expect(preview.get_by_role("heading", name="Mes choix")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Label (French)")).to_have_value("Mes choix")
    expect(page.get_by_role("button", name="French", exact=True)).to_have_attribute("aria-current", "true")

    page.get_by_role("button", name="Phone", exact=True).last.click()
    expect(page.locator("iframe.preview[data-width=phone]:not(.coming)")).to_be_visible()
    assert page.locator("iframe.preview:not(.coming)").bounding_box()["width"] <= 377
    before = LandingPage.objects.values().get()
    preview.get_by_role("button", name="Enregistrer").click()
    expect(preview.get_by_role("heading", name="Mes choix")).to_be_visible()
    assert LandingPage.objects.values().get() == before


def test_the_second_of_two_editors_reads_it_in_the_builder_and_keeps_her_words(logged_in, page):
    draft = LandingPageFactory()
    page.goto(f"/admin/landing-pages/{draft.pk}/")
    page.get_by_role("button", name="Heading: Your preferences").click()
    page.get_by_label("Label (English)").fill("Of Ana")
    editing.remove(draft, draft.blocks.last().key, by="Ben")

    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else changed this page meanwhile: nothing was saved.")
    expect(page.get_by_label("Label (English)")).to_have_value("Of Ana")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("[data-builder-live]")).to_have_text("Saved.")
    assert words(page)[0] == "Of Ana"


def test_the_builder_works_without_a_script(browser, live_server, cookie):
    draft = LandingPageFactory(template="blocklist")
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/landing-pages/{draft.pk}/")
    page.get_by_role("button", name="Heading: Unsubscribe from everything").click()
    page.get_by_label("Label (English)").fill("Stop it all")
    page.get_by_role("button", name="Move down: Unsubscribe from everything").click()

    expect_focus(page.get_by_role("button", name="Move down: Stop it all"))
    assert words(page)[:2] == ["Are you sure that you want to unsubscribe from all our communication?", "Stop it all"]
    page.get_by_role("button", name="Confirmation").click()
    page.get_by_role("button", name="Text: You will receive nothing").click()
    page.get_by_label("Text (French)").fill("Terminé.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    assert LandingPage.objects.get().every_block.get(part="confirmation").texts["fr"]["label"] == "Terminé."
    context.close()


@pytest.fixture
def paths(db):
    """Every page of the back office about landing pages, with long words and all that can be wrong."""
    online = PublishedPageFactory(label="Préférences " * 9, slug="preferences-" * 5 + "x")
    first, second = online.blocks.all()[:2]
    editing.change(online, first.key, {"texts": {"en": {"label": "Donaudampfschifffahrtsgesellschaft" * 4}}}, by="Ana")
    box = editing.add(online, "checkbox", by="Ana")
    broken = LandingPageFactory()
    editing.remove(broken, broken.blocks.last().key, by="Ana")
    LandingPageFactory(template="blocklist", is_default=True)
    brand = BrandFactory(label="Maison Exemple " * 8, is_default=True)
    build = f"/admin/landing-pages/{online.pk}/"
    return [
        "/admin/landing-pages/",
        "/admin/landing-pages/new/",
        *(build + end for end in ("", f"?block={box.key}", f"?block={second.key}&lang=fr", "?part=confirmation", "?part=error")),
        *(build + end for end in ("properties/", "publish/", "unpublish/", "versions/")),
        *(build + end for end in ("visitors/", f"?block={box.key}&scheme=dark&width=desktop")),
        *("/admin/brands/" + end for end in ("", "new/", f"{brand.pk}/", f"{brand.pk}/delete/")),
        f"/admin/landing-pages/{broken.pk}/publish/",
        f"/admin/landing-pages/{broken.pk}/versions/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_pages_have_no_barrier_and_fit(logged_in, page, paths, scheme, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for path in paths:
        page.goto(path)
        assert (path, barriers(page)) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
