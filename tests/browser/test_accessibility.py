"""No page has a barrier that axe can find, leaves the screen sideways, or breaks its own security policy."""

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.contrib.auth.models import User
from playwright.sync_api import expect

from profiles.admin import ProfileAdmin
from tests.browser import world
from tests.factories import ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import link

pytestmark = pytest.mark.django_db(transaction=True)

ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a dark or a narrow page can break that the light and wide one has not shown already.
COLOURS = ["color-contrast", "link-in-text-block"]
LAYOUT = ["target-size", "scrollable-region-focusable", "region", "label", "button-name", "link-name"]
WIDE = {"width": 1440, "height": 2600}  # so high that no bar lies over what axe measures
# What is shown in frames is a page of its own, and looked at as one.
AXE = (
    "rules => axe.run(document, {runOnly: rules, iframes: false, resultTypes: ['violations']}).then(result => result.violations)"
)

# Text below 14 px, and names of other elements (labels, descriptions) that no element has.
OWN_RULES = """() => {
  const faults = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    const shown = text && element.getClientRects().length && !element.closest("script, style");
    if (shown && parseFloat(getComputedStyle(element).fontSize) < 14) faults.push(`small text: ${text}`);
  }
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"])
    for (const element of document.querySelectorAll(`[${name}]`))
      for (const id of element.getAttribute(name).split(/\\s+/))
        if (id && document.querySelectorAll(`[id="${id}"]`).length !== 1) faults.push(`${name}="${id}" names nothing, or two`);
  return [...new Set(faults)];
}"""


@pytest.fixture
def everything_there_is(settings, monkeypatch, operator):
    monkeypatch.setattr(ProfileAdmin, "list_per_page", 10)  # two pages, without the time that axe takes for 50 rows
    for name, value in world.SETTINGS.items():
        setattr(settings, name, value)
    world.build(operator)


class Inspector:
    """Looks at the pages of a tab and keeps what is wrong with them."""

    def __init__(self, page):
        self.page = page
        self.faults = []
        self.said = []
        page.on("console", lambda message: self.said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.emulate_media(reduced_motion="reduce")  # no colour is caught on its way to another
        page.add_init_script(path=AXE_FILE_PATH)

    def look(self, name, *, widths=(390,)):
        """The page as it is, then in the dark, then on a narrow screen, without loading it again."""
        self.page.wait_for_load_state()
        self.page.set_viewport_size(WIDE)
        self._ask(name, ALL)
        self._note(name, self.page.evaluate(OWN_RULES))
        self.page.emulate_media(color_scheme="dark")
        self.page.evaluate("document.documentElement.classList.add('dark')")
        self._ask(f"{name} in the dark", COLOURS)
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 844})
            if self.page.evaluate("document.documentElement.scrollWidth") > width:
                self.faults.append(f"{name}: wider than {width} px")
        self._ask(f"{name} on a narrow screen", LAYOUT)
        self.page.emulate_media(color_scheme="light")
        # The browser itself reports the status of pages that are meant to be refused or missing.
        self._note(name, [text for text in self.said if "the server responded with a status of 4" not in text])
        self.said.clear()

    def _ask(self, name, rules):
        found = self.page.evaluate(AXE, rules)
        self._note(name, [f"{violation['id']}: {node['html'][:200]}" for violation in found for node in violation["nodes"][:3]])

    def _note(self, name, faults):
        self.faults += [f"{name}: {fault}" for fault in faults]


@pytest.fixture
def inspector(page):
    return Inspector(page)


@pytest.fixture
def log_in(page, base_url, client):
    def run(user):
        client.force_login(user)
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": base_url}])

    return run


def test_back_office_has_no_barrier(page, inspector, log_in, operator, everything_there_is):
    log_in(operator)

    for path in world.backoffice_pages():
        page.goto(path)
        inspector.look(path)

    assert inspector.faults == []


def test_public_pages_and_login_have_no_barrier(page, inspector, everything_there_is):
    for path in ["/admin/login/", *world.public_pages()]:
        page.goto(path)
        inspector.look(path, widths=(390, 320))

    assert inspector.faults == []


def test_answers_of_a_landing_page_have_no_barrier(page, inspector, db):
    """What follows its button: refused with words beside the fields, recorded, to be confirmed, undone."""
    marie = ProfileFactory(email="marie@example.org", preferred_language="en")
    preferences = PublishedPageFactory()
    arriving = PublishedPageFactory(template="blocklist", acts_on_arrival=True)

    page.goto(link(preferences, marie))
    page.get_by_label("Email", exact=True).fill("no address")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_be_visible()
    inspector.look("a refused form", widths=(390, 320))
    page.get_by_label("Email", exact=True).fill("new@example.org")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("status")).to_contain_text("To finish, open the mail that is on its way to n•••w@example.org")
    inspector.look("a recorded form", widths=(390, 320))
    page.goto(link(arriving, marie))
    page.get_by_role("heading").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    inspector.look("an opt-out that can be undone", widths=(390, 320))

    assert inspector.faults == []


def test_what_opens_and_what_fails_has_no_barrier(page, inspector, log_in, operator, everything_there_is):
    log_in(operator)

    page.goto("/admin/profiles/profile/")
    page.get_by_role("checkbox", name="Select all objects on this page for an action").check()
    page.locator("summary", has_text="Filters").click()
    page.locator("summary", has_text="Ana Lopes").click()
    inspector.look("list with its menus open")
    for path, button in [
        ("/admin/deliveries/new/?template=mail", "Save and prepare"),
        ("/admin/quarantine/paste/", "Show what would happen"),
        ("/admin/profiles/service/add/", "Save"),
    ]:
        page.goto(path)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("alert").first).to_be_visible()
        inspector.look(f"{path} with errors")

    assert inspector.faults == []


def test_who_may_not_open_a_page_is_told_calmly(page, inspector, log_in, db):
    log_in(User.objects.create_user("ben", is_staff=True))

    page.goto("/admin/profiles/profile/add/")
    expect(page.get_by_role("heading")).to_have_text("You may not open this page")
    inspector.look("403")

    assert inspector.faults == []
