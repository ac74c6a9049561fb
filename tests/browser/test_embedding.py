"""A page on another site, in a real browser: in a frame that is allowed, in one that is not, and as a plain form."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from landingpages.embed_views import form_snippet, frame_snippet
from landingpages.models import Submission
from tests.factories import PublishedPageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site():
    """Another origin: a server on a port of its own whose one page can be set."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<!doctype html><html lang=en><title>Elsewhere</title><h1>Elsewhere</h1>{server.page}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.page, server.url = "", f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_frame_shows_the_page_only_where_it_is_allowed(page, live_server, site, settings):
    settings.PUBLIC_URL = live_server.url
    allowed, other = (
        PublishedPageFactory(embed_origins=[site.url]),
        PublishedPageFactory(embed_origins=["https://elsewhere.example"]),
    )

    site.page = frame_snippet(allowed, "en")
    page.goto(site.url)
    frame = page.frame_locator("iframe")
    frame.locator("input[autocomplete=family-name]").fill("Petit")
    frame.locator("input[autocomplete=email]").fill("petit@example.org")
    page.wait_for_timeout(2100)
    frame.locator("main button[type=submit]").click()
    frame.get_by_role("heading", name="Thank you").wait_for()

    site.page = frame_snippet(other, "en")
    page.goto(site.url)
    page.wait_for_timeout(500)
    assert page.frame_locator("iframe").locator("main").count() == 0
    assert Submission.objects.get().data["last_name"] == "Petit"


def test_a_plain_form_leads_to_our_page_where_it_is_sent(page, live_server, site, settings):
    settings.PUBLIC_URL = live_server.url
    published = PublishedPageFactory()
    site.page = form_snippet(published, "en")
    page.goto(site.url)
    page.locator("input[autocomplete=family-name]").fill("Petit")
    page.locator("input[autocomplete=email]").fill("petit@example.org")
    page.locator("button[type=submit]").click()

    page.get_by_text("Almost done").wait_for()
    assert page.url.startswith(live_server.url)
    assert not Submission.objects.exists()
    assert page.locator("input[autocomplete=family-name]").input_value() == "Petit"
    page.wait_for_timeout(2100)
    page.locator("main button[type=submit]").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert Submission.objects.get().received_at <= timezone.now()
