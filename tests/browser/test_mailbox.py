import pytest
from axe_playwright_python.sync_playwright import Axe

from config.mailbox import store

NEWS = b"""From: Maison Exemple <news@example.org>\r
Subject: Spring news\r
List-Unsubscribe: <%s/u/token>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
Content-Type: text/html; charset=utf-8\r
\r
<!doctype html><html><head><title>x</title></head><body>
<script>document.title = "script ran"; document.write("script ran")</script>
<p><a href="/mailbox/?q=followed">Read on</a></p></body></html>"""


@pytest.fixture
def news(settings, tmp_path, base_url):
    settings.LOCAL_MAILBOX = tmp_path
    settings.PUBLIC_URL = base_url
    return store.save(NEWS % base_url.encode(), sender="b@example.org", recipients=["marie@example.org"])


def test_mail_runs_no_script_and_opens_its_links_in_a_new_tab(page, news):
    page.goto("/mailbox/")
    page.get_by_role("link", name="Spring news").click()
    frame = page.frame_locator("iframe")
    with page.expect_popup() as popup:
        frame.get_by_role("link", name="Read on").click()
    popup.value.wait_for_url("**/mailbox/?q=followed")
    assert frame.get_by_text("script ran").count() == 0


def test_one_click_button_posts_in_a_new_tab(page, base_url, news):
    page.goto(f"/mailbox/{news}/")
    with page.context.expect_event("request", lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="Unsubscribe with one click").click()
    assert (sent.value.url, sent.value.post_data) == (f"{base_url}/u/token", "List-Unsubscribe=One-Click")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("path", ["", "?q=nobody", "{key}/", "{key}/headers/", "{key}/raw/"])
def test_mailbox_pages_have_no_barrier(page, news, scheme, width, path):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/mailbox/{path.format(key=news)}")
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
