"""Programs that open every link of a mail (reliability U8, X2)."""

import pytest

from deliveries.models import TrackingEvent
from landingpages import centre
from profiles import pending
from profiles.consent import NO_EVIDENCE
from profiles.links import Purpose, make_token
from profiles.models import Source
from tests.deliveries.test_public_views import SCANNERS
from tests.factories import PublishedPageFactory
from tests.landingpages.visitors import everything, link

pytestmark = pytest.mark.django_db
PREFETCH = {"purpose": "prefetch", "sec-purpose": "prefetch;prerender"}


@pytest.fixture
def urls(marie):
    """One of each kind that a mail can lead to."""
    asked = pending.ask(
        marie, address=marie.email, fields={}, choices={"sms": False}, source=Source.LANDING_PAGE, evidence=NO_EVIDENCE
    )
    centre.refresh()
    pages = [PublishedPageFactory(), PublishedPageFactory(template="blocklist", acts_on_arrival=True), centre.find()]
    return [
        *(link(page, marie) for page in pages),
        f"/u/{make_token(Purpose.ONE_CLICK, marie.public_id)}",
        f"/u/{make_token(Purpose.PERSONAL, marie.public_id)}",
        f"/c/{make_token(Purpose.CONFIRM, asked.pending_change.public_id)}",
        f"/d/{make_token(Purpose.DISPUTE, marie.public_id)}",
    ]


def test_fifty_looks_of_ten_scanners_change_no_row_and_no_figure(anonymous, urls):
    assert len(SCANNERS) == 10
    before = everything()

    statuses = {
        anonymous.get(url, headers={"user-agent": agent}).status_code for url in urls for agent in SCANNERS for _ in range(5)
    }

    assert (statuses, everything() == before, TrackingEvent.objects.count()) == ({200}, True, 0)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_what_browsers_fetch_ahead_changes_no_row(anonymous, urls, method):
    before = everything()

    for url in urls:
        for query in ("", "?confirm=yes", "?List-Unsubscribe=One-Click", "?stop=all", "?undo=yes", "?arrival=yes"):
            assert getattr(anonymous, method)(url + query, headers=PREFETCH).status_code in (200, 405)

    assert everything() == before


def test_every_page_says_by_a_form_what_it_would_change(anonymous, urls):
    for url in urls:
        assert '<form method="post"' in anonymous.get(url).content.decode(), url
