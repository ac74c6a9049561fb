"""A preference page, as a new marketer makes it: built, looked at, published and replaced; by keyboard alone, and with a
mouse on a narrow screen. What a visitor sees follows each publication and nothing else."""

import re

import pytest
from playwright.sync_api import expect

from landingpages.models import LandingPage
from profiles.models import ConsentEvent
from tests.browser.test_builder import cookie, expect_focus, has_focus, logged_in, press, tab_to, type_into, words
from tests.factories import BrandFactory, ProfileFactory, ServiceFactory
from tests.landingpages.visitors import link

__all__ = ["cookie", "logged_in"]
pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def marie(db):
    BrandFactory(label="Maison Exemple", is_default=True)
    ServiceFactory(label="Thursday letter")
    return ProfileFactory(first_name="Marie", last_name="Curie", email="marie@example.org", preferred_language="en")


@pytest.fixture
def visitor(browser, live_server):
    """What a visitor without a script reads on the page behind her link."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, base_url=live_server.url)

    def read(profile):
        tab = context.new_page()
        tab.goto(link(LandingPage.objects.get(), profile))
        return tab

    yield read
    context.close()


@pytest.fixture
def shot(page, tmp_path, request):
    """Pictures to look at, in the folder of the test (--basetemp)."""

    def take(name, tab=page):
        tab.screenshot(path=tmp_path / f"{name}.png", full_page=True)

    return take


def tab_into(page, target, *, most=60):
    """Press Tab until this has the focus, in a frame of the page."""
    for _step in range(most):
        page.keyboard.press("Tab")
        if has_focus(target):
            return
    raise AssertionError(f"Tab never reaches {target}")


def said(page, text):
    expect(page.locator("[data-builder-live]")).to_have_text(text)


def test_a_preference_page_is_built_tested_published_and_replaced_with_the_keyboard_alone(logged_in, page, marie, visitor, shot):
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto("/admin/landing-pages/")
    press(page, "link", "New page")
    page.wait_for_url("**/new/")
    press(page, "link", "Profile acquisition, a box per channel")
    page.wait_for_url(re.compile(r"/new/\?template="))
    type_into(page, "Label", "Preferences")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/landing-pages/\d+/$"))

    # One box worded positively, moved up, a box about a service; a slip is undone.
    press(page, "button", "Checkbox: Stop sending me emails")
    expect_focus(page.get_by_role("heading", name="Settings: Checkbox"))
    tab_to(page, "radio", "ticked = stops")
    page.keyboard.press("ArrowUp")
    type_into(page, "Label (English)", "I receive emails")
    preview = page.frame_locator("iframe.preview:not(.coming)")
    expect(preview.get_by_label("I receive emails")).to_be_visible()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.keyboard.press("Alt+ArrowUp")
    said(page, "“I receive emails” is block 5 of 10 now.")
    press(page, "button", "Remove: I receive emails")
    said(page, "“I receive emails” is removed.")
    page.keyboard.press("Control+z")
    said(page, "The last change is undone.")
    assert words(page)[4] == "I receive emails"
    page.reload()
    press(page, "button", "Redo")
    said(page, "The change is done again.")
    page.keyboard.press("Control+z")
    said(page, "The last change is undone.")
    page.keyboard.press("Home")
    page.reload()
    press(page, "button", re.compile("^Service$"))
    expect_focus(page.get_by_role("heading", name="Settings: Service"))
    tab_to(page, "combobox", "Service")
    page.keyboard.press("ArrowDown")
    type_into(page, "Label (English)", "The Thursday letter")
    type_into(page, "Label (French)", "La lettre du jeudi")
    press(page, "button", "Save")
    said(page, "Saved.")
    shot("built")

    # As Marie would see it, in the dark.
    press(page, "link", "As somebody…")
    page.wait_for_url("**/visitors/**")
    type_into(page, "Name, email address, mobile or ID", "curie", role="searchbox")
    page.keyboard.press("Enter")
    press(page, "link", re.compile("Marie Curie"))
    page.wait_for_url("**visitor=**")
    expect(preview.get_by_text("m•••e@example.org")).to_be_visible()
    press(page, "button", "Dark")
    expect(preview.locator("html[data-scheme=dark]")).to_be_attached()
    shot("as-marie-in-the-dark")

    # What would happen if Marie sent it: nothing is written.
    page.reload()
    press(page, "link", "Test…")
    page.wait_for_url("**/test/")
    type_into(page, "Email, mobile, name, external ID or number", "curie", role="searchbox")
    page.keyboard.press("Enter")
    press(page, "link", re.compile("Marie Curie"))
    page.wait_for_url("**visitor=**")
    tested = page.frame_locator("iframe.tested")
    expect(tested.get_by_label("I receive emails")).to_be_checked()
    tab_into(page, tested.get_by_label("I receive emails"))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(tested.get_by_role("heading", name="What would have been done")).to_be_visible()
    expect(tested.get_by_text("In the consent history")).to_contain_text("No longer contact by email")
    shot("tested")
    assert not ConsentEvent.objects.exists()

    press(page, "link", re.compile("^Publish…"))
    page.wait_for_url("**/publish/")
    press(page, "button", "Publish version 1")
    expect(page.get_by_text("Online", exact=True)).to_be_visible()
    seen = visitor(marie)
    expect(seen.get_by_label("I receive emails")).to_be_checked()
    expect(seen.get_by_label("The Thursday letter")).not_to_be_checked()
    expect(seen.get_by_role("contentinfo")).to_contain_text("12 rue des Lilas, 75011 Paris")
    shot("published", seen)

    press(page, "button", "Heading: Your preferences")
    expect_focus(page.get_by_role("heading", name="Settings: Heading"))
    type_into(page, "Label (English)", "Choose what you receive")
    press(page, "button", "Save")
    said(page, "Saved.")
    expect(visitor(marie).get_by_role("heading", level=1)).to_have_text("Your preferences")
    page.reload()
    press(page, "link", re.compile("^Publish…"))
    page.wait_for_url("**/publish/")
    press(page, "button", "Publish version 2")
    expect(page.get_by_text("version 2")).to_be_visible()
    expect(visitor(marie).get_by_role("heading", level=1)).to_have_text("Choose what you receive")


def drag(page, what, where, *, below=False):
    """With the mouse, from the middle of one thing onto another."""
    upper = min((what, where), key=lambda one: one.bounding_box()["y"])
    upper.evaluate("element => element.scrollIntoView({ block: 'start' })")
    start = what.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + start["width"] / 2 + 6, start["y"] + start["height"] / 2 + 6, steps=3)
    end = where.bounding_box()
    page.mouse.move(end["x"] + 40, end["y"] + (end["height"] - 6 if below else 6), steps=12)
    page.mouse.up()


def test_a_preference_page_is_built_tested_published_and_replaced_with_a_mouse_at_390_px(logged_in, page, marie, visitor, shot):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/landing-pages/new/?template=blocklist")
    page.get_by_label("Label").fill("Preferences")
    page.get_by_role("button", name="Create the page").click()
    page.wait_for_url(re.compile(r"/landing-pages/\d+/$"))

    # A heading from the palette to the second place, a checkbox by a click, the text above everything by its handle.
    drag(page, page.get_by_role("button", name="Heading", exact=True), page.locator("[data-key]").nth(1))
    said(page, "A block is added: Heading.")
    assert words(page)[1] == "Heading"
    page.get_by_label("Label (English)").fill("Or only this")
    page.get_by_role("button", name="Checkbox", exact=True).click()
    said(page, "A block is added: Checkbox.")
    page.get_by_label("Field").select_option(label="No longer contact by email")
    page.get_by_label("ticked = receives").check()
    page.get_by_label("Label (English)").fill("I receive emails")
    page.get_by_label("Label (French)").fill("Je reçois les emails")
    preview = page.frame_locator("iframe.preview:not(.coming)")
    expect(preview.get_by_label("I receive emails")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).last.click()
    said(page, "Saved.")
    handles = page.locator("[data-handle]")
    drag(page, handles.nth(2), page.locator("[data-key]").nth(1))
    said(page, re.compile("“Are you sure.*” is block 2 of 5 now."))
    page.get_by_role("button", name="Undo").click()
    said(page, "The last change is undone.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shot("built")
    assert words(page) == [
        "Unsubscribe from everything",
        "Or only this",
        "Are you sure that you want to unsubscribe from all our communication?",
        "I receive emails",
        "Unsubscribe",
    ]

    page.get_by_role("link", name="Test…").click()
    tested = page.frame_locator("iframe.tested")
    page.get_by_label("Email, mobile, name, external ID or number").fill("curie")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Marie Curie").click()
    tested.get_by_role("button", name="Unsubscribe").click()
    expect(tested.get_by_text("In the consent history").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shot("tested")
    assert not ConsentEvent.objects.exists()

    page.get_by_role("link", name="Publish…", exact=True).click()
    shot("to-publish")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_text("Online", exact=True)).to_be_visible()
    seen = visitor(marie)
    expect(seen.get_by_label("I receive emails")).to_be_checked()
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390
    shot("published", seen)

    page.get_by_role("button", name="Remove: Or only this").click()
    said(page, "“Or only this” is removed.")
    expect(visitor(marie).get_by_role("heading", name="Or only this")).to_be_visible()
    page.get_by_role("link", name="Publish…", exact=True).click()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("version 2")).to_be_visible()
    expect(visitor(marie).get_by_role("heading", level=1)).to_have_text("Unsubscribe from everything")
    expect(visitor(marie).get_by_role("heading", name="Or only this")).to_have_count(0)
