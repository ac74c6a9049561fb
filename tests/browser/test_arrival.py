"""A page that acts on arrival: a person's first gesture opts out, nothing else does, and it can be undone."""

import pytest

from profiles.models import ConsentEvent, Profile
from tests.factories import ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def url(db):
    online = PublishedPageFactory(template="blocklist", acts_on_arrival=True)
    return link(online, ProfileFactory(email="marie@example.org", preferred_language="en"))


def is_opted_out():
    return Profile.objects.get().opted_out_all


@pytest.mark.parametrize("gesture", [lambda page: page.mouse.click(5, 5), lambda page: page.keyboard.press("a")])
def test_the_first_gesture_of_a_person_opts_out_and_can_be_undone(page, url, gesture):
    page.goto(url)
    page.evaluate("document.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}))")
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, key: 'a'}))")
    page.wait_for_timeout(300)
    assert is_opted_out() is False

    gesture(page)
    page.get_by_role("button", name="Undo").wait_for()
    assert is_opted_out() is True

    page.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name="Undone").wait_for()
    assert is_opted_out() is False
    sources = list(ConsentEvent.objects.order_by("pk").values_list("source", "wording"))
    assert [source for source, _wording in sources] == ["page_opened", "landing_page"]


def test_a_page_that_nobody_touches_does_nothing(page, url):
    page.goto(url)
    page.wait_for_timeout(500)

    assert (is_opted_out(), ConsentEvent.objects.count()) == (False, 0)


def test_the_button_works_without_script(browser, live_server, url):
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    context.close()

    assert is_opted_out() is True
    assert ConsentEvent.objects.get().source == "landing_page"
