"""What is typed is text: on the page, in the back office, in mails, in files and in headers (reliability X6 to X10)."""

import csv
import io
from email import message_from_bytes, policy

import pytest
from django.urls import reverse
from django.utils.html import escape

from deliveries import confirmations
from landingpages import centre, editing, publishing, reconciling
from landingpages.models import Submission
from profiles import exporting
from profiles.links import Purpose, make_token
from profiles.models import PendingChange, Profile
from tests.factories import LandingPageFactory, ServiceFactory
from tests.landingpages.visitors import address, everything, link, stranger, typed

pytestmark = pytest.mark.django_db
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><b>x",
    "javascript:alert(1)",
]
TEMPLATES = ["{{7*7}}", "{{ profile }}", "{% debug %}", "{{ settings.SECRET_KEY }}", "${7*7}", "<%= 7*7 %>", "{{''.__class__}}"]
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(1)"]
HEADERS = [
    "a\r\nBcc: victim@example.org",
    "a\nBcc: victim@example.org",
    "a\u2028Bcc: x@example.org",
    "a\x00b",
    "a\x85Bcc: x@e.org",
]
ELSEWHERE = [
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "%0d%0aLocation:%20//evil.example",
    "https://example.org@evil.example",
    "\\\\evil.example",
    "\t//evil.example",
    "https://evil.example/",
]
FIELDS = {"first_name": 30, "last_name": 50, "street": 120, "city": 80}  # the most characters


@pytest.fixture
def wide():
    """A page with every text field, and what is stored shows."""
    page = LandingPageFactory()
    for field in FIELDS.keys() - {"last_name"}:
        block = editing.add(page, "text_input", by="Ana Lopes")
        editing.change(page, block.key, {"field": field}, by="Ana Lopes")
    editing.change_page(page, {"preload_data": True}, by="Ana Lopes")
    publishing.publish(page, by="Ana Lopes")
    return page


def cut(payload):
    return {field: payload[:most].strip() for field, most in FIELDS.items()}


def stored(anonymous, wide, payload):
    """A profile that a stranger made, with the payload in every field."""
    anonymous.post(address(wide), stranger(wide, email="petit@example.org", **cut(payload)))
    reconciling.process_received()
    return Profile.objects.get(email="petit@example.org")


@pytest.mark.parametrize("payload", [*MARKUP, *TEMPLATES])
def test_page_and_back_office_show_it_as_it_was_typed(anonymous, backoffice, wide, payload):
    profile = stored(anonymous, wide, payload)
    assert {field: getattr(profile, field) for field in FIELDS} == cut(payload)

    pages = [
        anonymous.get(link(wide, profile)).content.decode(),
        backoffice.get(reverse("admin:profiles_profile_change", args=[profile.pk])).content.decode(),
        backoffice.get(reverse("admin:profiles_profile_changelist")).content.decode(),
    ]

    assert [payload in page for page in pages if "<" in payload or '"' in payload] == [False] * (
        3 * ("<" in payload or '"' in payload)
    )
    assert all(escape(profile.last_name) in page.replace("<wbr>", "") for page in pages)


@pytest.mark.parametrize("payload", [*MARKUP, *TEMPLATES])
def test_mails_do_not_carry_it(anonymous, wide, marie, outbox, payload):
    anonymous.post(address(wide), stranger(wide, email=marie.email, **cut(payload)))
    reconciling.process_received()
    confirmations.send_due_notices()

    [mail] = outbox
    assert PendingChange.objects.get().fields["last_name"] == cut(payload)["last_name"]
    text = "".join(
        part.get_content() for part in message_from_bytes(mail.data, policy=policy.default).walk() if not part.is_multipart()
    )
    assert (payload in text, escape(payload) in text) == (False, False)


@pytest.mark.parametrize("payload", FORMULAS)
def test_files_disarm_it(anonymous, wide, payload):
    stored(anonymous, wide, payload)

    file = b"".join(exporting.lines(Profile.objects.all())).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(file)) for cell in row]

    assert [cell for cell in cells if cell == payload] == []
    assert f"'{payload}" in cells


@pytest.mark.parametrize("payload", HEADERS)
@pytest.mark.parametrize("field", [*FIELDS, "email"])
def test_no_name_or_address_becomes_a_header(anonymous, wide, marie, outbox, field, payload):
    before = everything()
    values = {"last_name": "Petit", "email": "petit@example.org"} | {field: payload}

    answers = [
        anonymous.post(address(wide), stranger(wide, **values)).status_code,
        anonymous.post(link(wide, marie), typed(wide, **values)).status_code,
    ]

    assert (answers, everything() == before) == ([422, 422], True)


def test_a_mail_to_a_typed_address_has_the_headers_that_we_wrote(anonymous, online, marie, outbox):
    anonymous.post(link(online, marie), typed(online, last_name="Evil", email="new@example.org"))
    confirmations.send_due_notices()

    parsed = message_from_bytes(outbox[0].data, policy=policy.default)
    names = sorted(name for name in set(parsed) if name not in ("Content-Type", "Content-Transfer-Encoding", "MIME-Version"))
    assert names == ["Auto-Submitted", "Date", "From", "Message-ID", "Subject", "To"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_led_where_no_author_said(anonymous, online, marie, target):
    centre.refresh()
    names = ("next", "url", "redirect", "redirection_url", "return", "return_to", "lang", "continue")
    urls = [
        link(online, marie), address(online), address(centre.find()), link(centre.find(), marie), "/c/x", "/d/x",
        f"/u/{make_token(Purpose.ONE_CLICK, marie.public_id)}", f"/d/{make_token(Purpose.DISPUTE, marie.public_id)}",
    ]  # fmt: skip
    for url in urls:
        for answer in (anonymous.get(url, dict.fromkeys(names, target)), anonymous.post(url, dict.fromkeys(names, target))):
            assert answer.status_code in (200, 404, 422)
            assert not answer.has_header("Location")
            assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("payload", MARKUP)
def test_a_service_s_name_is_text_in_the_centre(anonymous, marie, payload):
    ServiceFactory(public_label=payload)
    centre.refresh()

    page = anonymous.get(link(centre.find(), marie)).content.decode()

    assert escape(payload) in page
    assert ("<" in payload and payload in page) is False


def test_what_a_browser_says_of_itself_is_not_kept(anonymous, online):
    evil = "<script>alert(1)</script>"
    anonymous.post(
        address(online),
        stranger(online, last_name="A", email="a@example.org"),
        headers={"user-agent": evil, "referer": f"https://evil.example/{evil}"},
    )

    assert evil not in str([Submission.objects.values().get(), everything()["profiles.Profile"]])
