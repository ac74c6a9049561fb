"""Many requests: strangers are limited, who says no never is (reliability U9, U13, X13)."""

import pytest

from deliveries import confirmations
from landingpages import centre, reconciling
from landingpages.models import Submission
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Notice, Profile
from tests.factories import ProfileFactory
from tests.landingpages.visitors import address, link, stamped, stranger, typed

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_a_thousand_posts_a_minute_are_thirty_of_a_network(anonymous, online, marie, outbox):
    statuses = []
    for number in range(1000):
        data = stranger(online, last_name=f"Evil {number}", email=f"victim{number}@example.org")
        statuses.append(anonymous.post(address(online), data, REMOTE_ADDR="192.0.2.1").status_code)

    assert (statuses.count(200), statuses.count(429), Submission.objects.count()) == (30, 970, 30)
    assert anonymous.post(link(online, marie), typed(online, opted_out_email="on"), REMOTE_ADDR="192.0.2.1").status_code == 200


def test_who_says_no_is_never_limited(anonymous, online, marie, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 0
    centre.refresh()
    token = make_token(Purpose.ONE_CLICK, marie.public_id)
    urls = {
        f"/u/{token}": {"List-Unsubscribe": "One-Click"},
        f"/u/{make_token(Purpose.PERSONAL, marie.public_id)}": {"scopes": ["sms"]},
        link(online, marie): typed(online, last_name="Featherstone", opted_out_push="on"),
    }
    for _ in range(50):
        for url, data in urls.items():
            assert anonymous.post(url, data, REMOTE_ADDR="192.0.2.1").status_code == 200

    assert Profile.objects.get().choices == {"all": False, "email": True, "sms": True, "push": True, "direct_mail": False}
    assert ConsentEvent.objects.count() == 3
    assert anonymous.post(f"/d/{make_token(Purpose.DISPUTE, marie.public_id)}", REMOTE_ADDR="192.0.2.1").status_code == 200


def test_the_centre_is_limited_by_network_like_every_page(anonymous, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 2
    centre.refresh()
    url, data = address(centre.find()) + "fresh-link/", stamped(centre.find()) | {"address": "marie@example.org"}

    assert [anonymous.post(url, data).status_code for _ in range(4)] == [200, 200, 429, 429]


def test_a_hundred_wishes_for_a_link_are_one_mail(anonymous, outbox, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 1000
    ProfileFactory(email="marie@example.org")
    centre.refresh()
    for _ in range(100):
        anonymous.post(
            address(centre.find()) + "fresh-link/", stamped(centre.find()) | {"address": "marie@example.org", "website": ""}
        )
    reconciling.process_received()
    for _ in range(5):
        confirmations.send_due_notices()

    assert (Submission.objects.count(), Notice.objects.count(), len(outbox)) == (100, 1, 1)


@pytest.mark.parametrize("trap", [{"website": "https://evil.example"}, {"opened": ""}, {"opened": "forged"}])
def test_the_centre_takes_no_form_of_a_machine(anonymous, trap):
    centre.refresh()
    data = stamped(centre.find()) | {"address": "marie@example.org"} | trap

    answer = anonymous.post(address(centre.find()) + "fresh-link/", data)

    assert (answer.status_code, Submission.objects.count()) == (422, 0)
    assert 'value="marie@example.org"' in answer.content.decode()
