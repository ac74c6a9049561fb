"""An import and an export as an operator does them, in a browser; each page without a barrier that axe can find."""

import pytest
from playwright.sync_api import expect

from profiles import importjobs
from profiles.models import Profile
from tests.browser.test_accessibility import Inspector
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)
LINES = "email;prénom;blackListEmail\nmarie@example.org;Marie-Claude;oui\njean@example.org;Jean;\nnobody;;\n"


def see(page, title):
    """A click does not wait for the page that it leads to."""
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()


def work():
    """What the worker does when it finds something."""
    list(importjobs.run(importjobs.claim("test")))


def test_a_file_is_imported_and_exported_without_a_barrier(page, base_url, client, operator, settings, tmp_path):
    settings.FILES = tmp_path / "files"
    ProfileFactory(email="marie@example.org", first_name="Marie")
    (tmp_path / "people.csv").write_text(LINES, encoding="utf-8")
    inspector = Inspector(page)
    client.force_login(operator)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": base_url}])

    page.goto("/admin/profiles/profile/")
    page.get_by_role("link", name="Import", exact=True).click()
    see(page, "Imports")
    inspector.look("no import yet")
    page.get_by_role("link", name="Import a file").click()
    see(page, "Import profiles")
    inspector.look("upload")
    page.get_by_label("CSV file").set_input_files(tmp_path / "people.csv")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_label("blackListEmail")).to_have_value("opted_out_email")
    inspector.look("columns")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_label("blackListEmail")).to_be_hidden()
    inspector.look("checking")
    work()
    expect(page.get_by_role("button", name="Import: create 1, update 1")).to_be_visible()
    inspector.look("checked")
    page.get_by_role("button", name="Import: create 1, update 1").click()
    work()
    expect(page.get_by_role("heading", name="What is in", exact=True)).to_be_visible()
    inspector.look("finished")
    with page.expect_download() as refused:
        page.get_by_role("link", name="Save the refused rows as a file").click()
    page.goto("/admin/profiles/profile/?opted_out_email=yes")
    page.get_by_role("link", name="Export…").click()
    see(page, "Export profiles")
    inspector.look("export")
    with page.expect_download() as exported:
        page.get_by_role("button", name="Export as CSV").click()

    assert inspector.faults == []
    assert "nobody" in refused.value.path().read_text(encoding="utf-8-sig")
    assert len(exported.value.path().read_text(encoding="utf-8-sig").splitlines()) == 2
    assert list(Profile.objects.order_by("pk").values_list("first_name", "opted_out_email")) == [
        ("Marie-Claude", True),
        ("Jean", False),
    ]
