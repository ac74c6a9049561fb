"""The audience builder as people use it: with a mouse, by keyboard alone, and without JavaScript."""

from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from profiles.models import SavedAudience
from tests.browser.test_keyboard import Keyboard, log_in
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)
TREE = {
    "all": [
        {"field": "country", "operator": "in", "value": ["FR"]},
        {"any": [{"field": "city", "operator": "starts", "value": "Par"}]},
    ]
}


@pytest.fixture
def people(db):
    ProfileFactory(country="FR", city="Paris")
    ProfileFactory(country="FR", city="Paris", opted_out=["email"])
    ProfileFactory(country="FR", city="Lyon")


@pytest.fixture
def keyboard(page):
    return Keyboard(page)


@contextmanager
def held(page, address):
    """What is asked from this address meanwhile is answered at the end."""
    asked = []
    page.route(address, lambda route: asked.append(route), times=1)
    yield asked
    for route in asked:
        route.continue_()


def test_words_and_count_follow_what_is_typed_without_a_reload(page, keyboard, operator, people):
    log_in(page, keyboard)
    page.goto("/admin/audiences/new/")
    page.evaluate("window.same = true")
    count = page.locator("#audience-count")
    expect(count).to_contain_text("3 people are targeted, 2 left before duplicates.")

    page.get_by_label("Label").fill("Parisians")
    page.get_by_label("Field").select_option("city")
    page.get_by_role("button", name="Add condition").click()
    expect(page.locator(".words")).to_contain_text("Complete or remove the conditions")
    expect(page.get_by_label("Operator of City")).to_be_focused()  # the new condition has arrived
    page.get_by_label("City – Value").press_sequentially("Paris", delay=60)
    expect(page.locator(".words")).to_contain_text("City is “Paris”")
    expect(count).to_contain_text("2 people are targeted, 1 left before duplicates.")
    page.get_by_label("Operator of City").select_option("is_not")
    expect(count).to_contain_text("1 person is targeted")
    expect(page.get_by_label("City – Value")).to_have_value("Paris")
    assert page.evaluate("window.same")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Parisians")).to_be_visible()

    saved = SavedAudience.objects.get()
    assert (saved.label, saved.size, saved.tree["all"]) == (
        "Parisians", 1, [{"field": "city", "operator": "is_not", "value": "Paris"}],
    )  # fmt: skip


def test_what_is_typed_while_an_answer_is_on_its_way_stays(page, keyboard, operator, people):
    log_in(page, keyboard)
    page.goto("/admin/audiences/new/")
    expect(page.locator("#audience-count")).to_contain_text("3 people are targeted")  # nothing moves any more
    page.get_by_label("Field").select_option("city")
    page.get_by_role("button", name="Add condition").click()
    expect(page.get_by_label("Operator of City")).to_be_focused()  # the new condition has arrived
    value = page.get_by_label("City – Value")
    with held(page, "**/audiences/builder/") as answers:
        with page.expect_request("**/audiences/builder/"):
            page.get_by_label("Operator of City").select_option("starts")
        value.press_sequentially("Par", delay=20)
        assert len(answers) == 1

    expect(page.locator(".words")).to_contain_text("City starts with “Par”")
    expect(value).to_have_value("Par")
    page.wait_for_timeout(100)  # the answer has settled
    expect(value).to_be_focused()


def test_an_audience_is_built_by_keyboard_alone(page, keyboard, operator, people):
    log_in(page, keyboard)
    page.goto("/admin/audiences/new/")

    keyboard.write(page.get_by_label("Label"), "By keyboard")
    keyboard.press(page.get_by_role("button", name="+ Country"))
    expect(page.get_by_label("Operator of Country")).to_be_focused()
    keyboard.to(page.get_by_label("Country – One or several"))
    page.keyboard.type("France")
    keyboard.press(page.get_by_role("button", name="Add group").last)
    field = page.locator("#a-1-new")
    expect(field).to_be_focused()
    page.keyboard.type("City")
    keyboard.press(page.locator("button[value='add:a.1']"))
    expect(page.get_by_label("Operator of City")).to_be_focused()
    page.keyboard.type("starts")
    expect(page.get_by_label("Operator of City")).to_be_focused()
    keyboard.write(page.get_by_label("City – Value"), "Par")
    expect(page.locator(".words")).to_contain_text("Country: France and City starts with “Par”")
    keyboard.press(page.get_by_role("button", name="Move up: City"))
    expect(page.locator("#a-1-up")).to_be_focused()
    keyboard.press(page.locator("#a-1-down"))
    expect(page.locator("#a-2-0-down, #a-1-0-down")).to_be_focused()
    keyboard.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()

    assert SavedAudience.objects.get().tree == TREE


def test_an_audience_needs_no_script(browser, base_url, operator, people):
    page = browser.new_context(java_script_enabled=False, base_url=base_url).new_page()
    page.goto("/admin/login/?next=/admin/audiences/new/")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("ana")
    page.get_by_role("button", name="Log in").click()

    page.get_by_label("Label").fill("Without a script")
    page.get_by_role("button", name="+ Country").click()
    page.get_by_label("Country – One or several").select_option("FR")
    page.get_by_role("button", name="Add group").last.click()
    page.locator("#a-1-new").select_option("city")
    page.locator("button[value='add:a.1']").click()
    page.get_by_label("Operator of City").select_option("starts")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Write what to look for.")).to_be_visible()
    expect(page.get_by_label("Operator of City")).to_have_value("starts")
    page.get_by_label("City – Value").fill("Par")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Count now").click()
    # Playwright opens the second window with JavaScript, so it is not what a visitor without would see.
    expect(opened.value.locator("#content")).to_contain_text("2 people are targeted, 1 left before duplicates.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Without a script")).to_be_visible()

    assert SavedAudience.objects.get().tree == TREE
