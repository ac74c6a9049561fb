"""The main job without a mouse, and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from deliveries.management.commands.worker import Command as Worker
from deliveries.models import Delivery
from profiles.models import Profile
from tests.browser import world
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Where the focus is, and whether anybody can see it: an outline or a shadow, on the screen, under nothing else.
FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const inside = (value, end) => Math.min(Math.max(value, 0), end - 1);
  const x = inside(box.x + box.width / 2, innerWidth), y = inside(box.y + Math.min(box.height / 2, 40), innerHeight);
  const top = document.elementFromPoint(x, y);
  return {
    html: element.outerHTML.slice(0, 120),
    visible: element === document.body || (outlined && box.width > 0 && element.checkVisibility()),
    covered: element !== document.body && !(top && (element.contains(top) || top.contains(element))),
  };
}"""


@pytest.fixture(autouse=True)
def in_memory(settings):
    settings.TRANSPORTS = world.SETTINGS["TRANSPORTS"]


@pytest.fixture
def work(monkeypatch):
    """What a worker does until nothing is due; the signals belong to the test process."""
    monkeypatch.setattr("signal.signal", lambda *arguments: None)

    def run():
        Worker().handle(until_idle=True)

    return run


class Keyboard:
    """Moves with Tab alone and looks at each stop whether its focus can be seen."""

    def __init__(self, page):
        self.page = page

    def to(self, target, *, most=120):
        for _stop in range(most):
            focus = self.page.evaluate(FOCUS)
            assert focus["visible"], f"the focus cannot be seen: {focus['html']}"
            assert not focus["covered"], f"something lies over the focus: {focus['html']}"
            if target.count() and target.first.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, target, key="Enter", **options):
        self.to(target, **options)
        self.page.keyboard.press(key)

    def write(self, target, text):
        self.to(target)
        self.page.keyboard.type(text)


@pytest.fixture
def keyboard(page):
    return Keyboard(page)


def log_in(page, keyboard):
    page.goto("/admin/login/")
    keyboard.write(page.get_by_label("Username"), "ana")
    keyboard.write(page.get_by_label("Password"), "ana")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hello, Ana")).to_be_visible()


def test_a_box_is_ticked_by_keyboard_alone(page, keyboard, operator):
    ProfileFactory(first_name="Marie", last_name="Dupont")
    log_in(page, keyboard)

    keyboard.press(page.get_by_role("navigation", name="Menu").get_by_role("link", name="Profiles", exact=True))
    expect(page.get_by_role("heading", name="Profiles")).to_be_visible()
    keyboard.press(page.get_by_role("link", name="Skip to the content"))
    keyboard.press(page.get_by_role("link", name="Marie Dupont", exact=True))
    expect(page.get_by_role("heading", name="Marie Dupont")).to_be_visible()
    keyboard.press(page.get_by_label("No longer contact by email", exact=True), "Space")
    keyboard.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("status")).to_contain_text("No longer contact by email: yes")

    assert Profile.objects.get().opted_out_email is True


def test_a_delivery_is_written_prepared_and_confirmed_by_keyboard_alone(page, keyboard, operator, work):
    ProfileFactory()
    log_in(page, keyboard)

    keyboard.press(page.get_by_role("link", name="New delivery"))
    expect(page.get_by_role("heading", name="New delivery")).to_be_visible()
    keyboard.write(page.get_by_label("Label"), "Spring news")
    keyboard.write(page.get_by_label("Subject"), "Spring is here")
    keyboard.press(page.get_by_role("button", name="Save and prepare"))
    expect(page.get_by_text("Preparing…")).to_be_visible()
    work()
    confirm = page.get_by_role("link", name="Confirm: send to 1 person")
    expect(confirm).to_be_visible()
    keyboard.press(confirm)
    expect(page.get_by_role("heading", name="Send “Spring news” to 1 person now?")).to_be_visible()
    keyboard.press(page.get_by_role("button", name="Confirm: send to 1 person"))
    expect(page.locator(".badge").get_by_text("In progress")).to_be_visible()

    assert Delivery.objects.get().status == "in_progress"


def test_a_page_that_refreshes_itself_leaves_the_focus_where_it_is_and_says_the_new_status(page, keyboard, operator, work):
    ProfileFactory()
    log_in(page, keyboard)
    delivery = Delivery.objects.create(label="Spring news", subject="Spring", html="<a href='{{ unsubscribe_url }}'>x</a>")
    page.goto(f"/admin/deliveries/{delivery.pk}/")
    page.get_by_role("button", name="Prepare").click()
    duplicate = page.get_by_role("button", name="Duplicate")
    keyboard.to(duplicate)

    with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true"):
        pass
    work()
    expect(page.get_by_role("link", name="Confirm: send to 1 person")).to_be_visible()

    expect(duplicate).to_be_focused()
    expect(page.locator("[role=status][data-said]")).to_have_text("Ready")


def test_the_menu_of_a_narrow_screen_opens_closes_and_gives_the_focus_back(page, keyboard, operator):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, keyboard)
    menu = page.get_by_role("navigation", name="Menu")
    opener, closer = page.locator("#menu-open"), page.get_by_role("button", name="Close the menu")

    expect(menu).to_be_hidden()
    keyboard.press(opener)
    expect(closer).to_be_focused()
    keyboard.press(closer)
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    keyboard.press(opener)
    expect(closer).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    keyboard.press(opener)
    expect(closer).to_be_focused()
    keyboard.press(menu.get_by_role("link", name="Deliveries"))
    expect(page.get_by_role("heading", name="Deliveries")).to_be_visible()


def test_theme_language_and_log_out_are_in_reach_and_the_language_stays(page, keyboard, operator):
    log_in(page, keyboard)
    account = page.locator("summary", has_text="Ana Lopes")

    keyboard.press(account)
    keyboard.press(page.get_by_role("button", name="Dark"))
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    page.keyboard.press("Escape")
    expect(account).to_be_focused()
    keyboard.press(account)
    keyboard.press(page.get_by_role("button", name="Français"))
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.goto("/admin/profiles/profile/")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    keyboard.press(account)
    keyboard.press(page.locator("#logout-form button"))
    expect(page.locator("#nav-sidebar")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_main_job_needs_no_script(browser, base_url, operator, work, width):
    ProfileFactory(first_name="Marie", last_name="Dupont")
    ProfileFactory(email="paul@example.org")
    page = browser.new_context(java_script_enabled=False, base_url=base_url, viewport={"width": width, "height": 844}).new_page()
    menu = page.get_by_role("navigation", name="Menu")

    page.goto("/admin/login/")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("ana")
    page.get_by_role("button", name="Log in").click()
    menu.get_by_role("link", name="Profiles", exact=True).click()
    page.get_by_role("link", name="Marie Dupont", exact=True).click()
    page.get_by_label("No longer contact by email", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("No longer contact by email: yes")).to_be_visible()
    menu.get_by_role("link", name="Deliveries").click()
    page.get_by_role("link", name="New delivery").click()
    page.get_by_label("Label").fill("Spring news")
    page.get_by_label("Subject").fill("Spring is here")
    page.get_by_role("button", name="Save and prepare").click()
    expect(page.get_by_text("Preparing…")).to_be_visible()
    work()
    page.reload()
    page.get_by_role("link", name="Confirm: send to 1 person").click()
    page.get_by_role("button", name="Confirm: send to 1 person").click()
    work()
    page.reload()
    expect(page.locator(".badge").get_by_text("Finished")).to_be_visible()
    page.locator("summary", has_text="Ana Lopes").click()
    page.get_by_role("button", name="Log out").click()
    expect(menu).to_have_count(0)

    assert Profile.objects.get(last_name="Dupont").opted_out_email is True
