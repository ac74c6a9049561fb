"""What a mail looks like when it reaches a server (reliability.md section 3: U1–U5, D1–D3, S6, S7, X9)."""

import email
import re
from datetime import date
from email import policy
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deliveries import rendering, returnpath
from deliveries.models import Batch, Delivery, Message, Preparation
from deliveries.rendering import Renderer
from deliveries.returnpath import Origin
from profiles import links
from profiles.links import Purpose
from profiles.models import CustomField, Profile
from tests.factories import ProfileFactory, ServiceFactory
from tests.smtp import Server

pytestmark = pytest.mark.django_db

HEADERS = [
    "Content-Type",
    "Date",
    "From",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Message-ID",
    "Precedence",
    "Subject",
    "To",
]
INJECTIONS = {
    "CRLF": "x\r\nBcc: thief@example.net",
    "LF": "x\nBcc: thief@example.net",
    "CR": "x\rBcc: thief@example.net",
    "CRLF twice": "x\r\n\r\n<p>body</p>",
    "vertical tab": "x\x0bBcc: thief@example.net",
    "next line": "x\x85Bcc: thief@example.net",
    "line separator": "x\u2028Bcc: thief@example.net",
    "paragraph separator": "x\u2029Bcc: thief@example.net",
    "encoded line break": "=?utf-8?q?x=0D=0ABcc:_thief=40example.net?=",
    "encoded in base 64": "=?utf-8?b?eA0KQmNjOiB0aGllZkBleGFtcGxlLm5ldA==?=",
    "dot": "x\r\n.\r\nMAIL FROM:<thief@example.net>",
    "quotes and brackets": '"x" <thief@example.net>, y',
    "percent": "%0d%0aBcc: thief@example.net",
}


@pytest.fixture
def deliver(make_delivery, prepare, confirm, send_all, smtp):
    """Prepare, confirm and send a delivery; what the server accepted."""

    def run(**fields):
        delivery = make_delivery(**fields)
        prepare(delivery)
        confirm(delivery)
        send_all()
        return smtp.accepted

    return run


def raw_headers(data):
    """Names and values as an old reader splits them: nothing but lines, and lines that begin with white space."""
    head, _blank, _body = data.partition(b"\r\n\r\n")
    unfolded = re.sub(rb"\r\n([ \t])", rb"\1", head)
    return [tuple(line.split(b": ", 1)) for line in unfolded.split(b"\r\n")]


def names(data):
    return sorted(name.decode() for name, _value in raw_headers(data))


def test_a_mail_offers_one_click_with_a_link_that_names_nobody(deliver, settings):
    settings.PUBLIC_URL = "https://news.example.org"
    profile = ProfileFactory(email="marie@example.org")

    [accepted] = deliver()

    headers = raw_headers(accepted.data)
    [value] = [value for name, value in headers if name == b"List-Unsubscribe"]
    assert [value for name, value in headers if name == b"List-Unsubscribe-Post"] == [b"List-Unsubscribe=One-Click"]
    token = re.fullmatch(r"<https://news\.example\.org/u/([A-Za-z0-9_-]{74})>", value.decode())[1]
    assert accepted.mail["List-Unsubscribe"] == f"<https://news.example.org/u/{token}>"
    assert "marie" not in token
    link = links.read_token(token, Purpose.ONE_CLICK)
    assert (link.public_id, link.delivery) == (profile.public_id, Delivery.objects.get().pk)


def test_the_link_in_the_mail_is_that_of_the_header(deliver):
    ProfileFactory()

    [accepted] = deliver()

    link = accepted.mail["List-Unsubscribe"].strip("<>")
    assert f'href="{link}"' in accepted.mail.get_body(("html",)).get_content()
    assert link in accepted.mail.get_body(("plain",)).get_content()


def test_a_mail_has_exactly_the_expected_headers_and_parts(deliver):
    ProfileFactory(email="marie@example.org", first_name="Marie")
    before = timezone.now().replace(microsecond=0)

    [accepted] = deliver(sender_name="Maison Exemple", sender_email="letters@example.org")

    mail = accepted.mail
    assert names(accepted.data) == HEADERS
    assert mail["From"] == "Maison Exemple <letters@example.org>"
    assert (mail["To"], mail["Subject"], mail["MIME-Version"]) == ("marie@example.org", "News of spring", "1.0")
    assert (mail["Precedence"], mail["List-Id"]) == ("bulk", "<all.heed.example.org>")
    assert before <= parsedate_to_datetime(mail["Date"]) <= timezone.now()
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert mail.defects == []


def test_the_text_part_is_made_of_the_html_with_its_links(deliver):
    ProfileFactory(first_name="Zoé")
    html = '<h1>Hello {{ profile.first_name }}</h1><p>A &lt; B</p><a href="https://example.org/s">Shop</a> {{ unsubscribe_url }}'

    [accepted] = deliver(html=html)

    link = accepted.mail["List-Unsubscribe"].strip("<>")
    text = accepted.mail.get_body(("plain",)).get_content()
    assert [line for line in text.splitlines() if line] == ["Hello Zoé", "A < B", f"[Shop](https://example.org/s) {link}"]


def test_merge_fields_keep_their_quotes_in_the_text_part(deliver):
    ProfileFactory(first_name="", city="")
    html = """<p title="{{ profile.city | default: "x" }}">{% if profile.first_name < "A" %}Hello {{ profile.first_name
        | default: "a<b" }}{% endif %}</p><a href="https://example.org/?c={{ profile.city | default: "x" }}">Shop</a>
        <p>{{ unsubscribe_url }} &lt; \U000f00000\U000f0001</p>"""

    [accepted] = deliver(html=html)

    link = accepted.mail["List-Unsubscribe"].strip("<>")
    text = accepted.mail.get_body(("plain",)).get_content()
    assert [line for line in text.splitlines() if line] == ["Hello a<b", "[Shop](https://example.org/?c=x)", f"{link} < 0"]


def test_an_own_text_part_is_kept(deliver):
    ProfileFactory(first_name="Zoé & <Co>")

    [accepted] = deliver(text="Bonjour {{ profile.first_name }} {{ unsubscribe_url }}")

    assert accepted.mail.get_body(("plain",)).get_content().startswith("Bonjour Zoé & <Co> http")


def test_a_mail_without_html_is_plain_text(deliver):
    ProfileFactory()

    [accepted] = deliver(html="", text="Hello {{ unsubscribe_url }}")

    assert [part.get_content_type() for part in accepted.mail.walk()] == ["text/plain"]


@pytest.mark.parametrize(
    ("email_format", "types"),
    [
        ("text", ["text/plain"]),
        ("html", ["multipart/alternative", "text/plain", "text/html"]),
        ("", ["multipart/alternative", "text/plain", "text/html"]),
    ],
)
def test_who_wants_text_gets_text_alone(deliver, email_format, types):
    ProfileFactory(email_format=email_format)

    [accepted] = deliver(html="<p>Hello {{ unsubscribe_url }}</p>")

    assert [part.get_content_type() for part in accepted.mail.walk()] == types
    assert accepted.mail.get_body(("plain",)).get_content().startswith("Hello http")


def test_custom_fields_are_merged_in(deliver):
    CustomField.objects.create(key="size", label="Shoe size", type="number")
    ProfileFactory(custom={"size": 38.5}, preferred_language="fr", birth_date=date(1984, 2, 29))

    source = "<p>{{ profile.custom.size }}, {{ profile.birth_date }} {{ unsubscribe_url }}</p>"
    [accepted] = deliver(html=source, subject="{{ profile.custom.size }}")

    assert accepted.mail["Subject"] == "38,5"
    assert "<p>38,5, 29 février 1984 http" in accepted.mail.get_body(("html",)).get_content()


def test_a_delivery_of_a_service_has_a_list_of_its_own(make_delivery):
    service = ServiceFactory()
    delivery = make_delivery(service=service)
    preparation = Preparation(pk=1, delivery=delivery, content=rendering.pin(delivery))

    outgoing = Renderer(preparation).message(ProfileFactory(email="marie@example.org"), "marie@example.org")

    assert (b"List-Id", f"<{service.pk}.heed.example.org>".encode()) in raw_headers(outgoing.data)


def test_message_ids_stay_the_same_over_tries_and_differ_by_delivery_and_person(make_delivery, smtp, prepare, confirm, send_all):
    people = [ProfileFactory(), ProfileFactory()]
    for person in people:
        smtp.final[person.email] = "drop"
    for label in ("one", "two"):
        delivery = make_delivery(label=label)
        prepare(delivery)
        confirm(delivery)

    send_all()
    smtp.final.clear()
    Batch.objects.update(due_at=timezone.now())
    send_all()

    sent = [(one.to, one.mail["Message-ID"]) for one in smtp.accepted]
    assert (len(sent), len(set(sent)), len({identifier for _to, identifier in sent})) == (8, 4, 4)
    assert all(re.fullmatch(r"<[0-9a-z.]+@example\.org>", identifier) for _to, identifier in sent)


def test_the_return_path_leads_back_to_the_message(deliver):
    profile = ProfileFactory()

    [accepted] = deliver(sender_email="boss@example.org")

    origin = Origin(Preparation.objects.get().pk, profile.pk)
    local, domain = accepted.mail_from.split("@")
    assert returnpath.read(accepted.mail_from) == origin
    assert returnpath.read(accepted.mail_from.upper()) == origin
    assert (local.partition("+")[0], domain, len(local) <= 64) == ("bounce", "example.org", True)
    assert b"boss" not in accepted.mail_from.encode()


def test_a_return_path_that_we_did_not_sign_is_nobodys():
    genuine = returnpath.make(3, 7)
    start, end = genuine.index("+") + 1, genuine.index("@")
    forged = [genuine[:place] + ("a" if genuine[place] != "a" else "b") + genuine[place + 1 :] for place in range(start, end - 1)]
    malformed = ["", "@", "bounce@example.org", "bounce+@example.org", "bounce+é@example.org"]
    malformed += [
        f"bounce+{token}@example.org" for token in ("a" * 46, "=" * 46, genuine[start : end - 1], genuine[start:end] + "a")
    ]

    assert returnpath.read(genuine) == Origin(3, 7)
    assert [address for address in forged + malformed if returnpath.read(address)] == []


def test_a_return_path_survives_a_new_key_and_not_the_loss_of_its_own(settings):
    settings.LINK_KEYS = ["1:" + "a" * 32]
    address = returnpath.make(3, 7)

    settings.LINK_KEYS = ["2:" + "b" * 32, "1:" + "a" * 32]
    assert returnpath.read(address) == Origin(3, 7)
    settings.LINK_KEYS = ["1:" + "b" * 32]
    assert returnpath.read(address) is None


def test_lines_are_short_and_end_in_crlf_and_dots_arrive(deliver):
    ProfileFactory(first_name="Marie")
    text = "\n".join([".", "..", ".hidden", "a\rb", "x" * 5000, "é" * 3000, "{{ unsubscribe_url }}", "."])
    html = "<p>" + "y" * 20_000 + "</p>\n.\n\n.x {{ unsubscribe_url }}"

    [accepted] = deliver(text=text, html=html)

    lines = accepted.data.split(b"\r\n")
    assert max(len(line) for line in lines) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert accepted.data.isascii()
    arrived = accepted.mail.get_body(("plain",)).get_payload(decode=True).decode().splitlines()
    link = accepted.mail["List-Unsubscribe"].strip("<>")
    assert arrived == text.replace("{{ unsubscribe_url }}", link).splitlines()
    assert "y" * 20_000 in accepted.mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    "text",
    ["Été à Besançon", "Ελλάδα", "日本語のお知らせ" * 20, "🎉 party", "x" * 250, "word " * 40 + "end", "a =?b", "=?utf-8?q?a?="],
)
def test_subject_sender_and_body_arrive_as_they_were_written(deliver, text):
    ProfileFactory()

    [accepted] = deliver(subject=text, sender_name=text[:100].strip(), text=f"{text} {{{{ unsubscribe_url }}}}", html="")

    mail = email.message_from_bytes(accepted.data, policy=policy.default)
    name, _space, address = email.message_from_bytes(accepted.data)["From"].rpartition(" ")
    assert mail["Subject"] == text
    assert (" ".join(str(make_header(decode_header(name))).strip('"').split()), address) == (
        text[:100].strip(),
        "<news@example.org>",
    )
    assert mail.get_content().startswith(text)


@pytest.mark.parametrize("payload", INJECTIONS.values(), ids=INJECTIONS)
def test_no_value_becomes_a_header_or_a_recipient(deliver, smtp, payload):
    ProfileFactory(email="marie@example.org", first_name=payload[:30], city=payload)
    subject = "Hello {{ profile.first_name }} {{ profile.city }}"

    [accepted] = deliver(subject=subject, sender_name=payload, label=payload, text="{{ profile.city }} {{ unsubscribe_url }}")

    assert names(accepted.data) == HEADERS
    assert len(accepted.mail["From"].addresses) == 1
    assert getaddresses([accepted.mail["From"]])[0][1] == accepted.mail["From"].addresses[0].addr_spec == "news@example.org"
    assert [verb for verb in smtp.verbs if verb.startswith("RCPT")] == ["RCPT marie@example.org"]
    subject = make_header(decode_header(dict(raw_headers(accepted.data))[b"Subject"].decode()))
    assert [character for character in str(subject) if not character.isprintable()] == []
    assert accepted.mail["Bcc"] is None


@pytest.mark.parametrize("payload", ["{{ 'a' | append: \"\\r\\nBcc: x@y.zz\" }}", "a\r\nBcc: x@y.zz", "a\nb"])
def test_a_subject_is_one_line_whatever_the_marketer_writes(deliver, payload):
    ProfileFactory()

    [accepted] = deliver(subject=payload)

    assert names(accepted.data) == HEADERS


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example,thief@example.net",
        "a@b.example>",
        "a@b.example>\r\nRCPT\tTO:<thief@example.net",
        "a@b.example\r\nDATA",
        "a@b.example\nDATA",
        "a\u2028@b.example",
        "<a@b.example",
        "a@b@c.example",
        "a(b)@c.example",
        "a@bücher.example",
    ],
)
def test_an_address_that_profiles_would_not_store_fails_and_harms_nobody_else(deliver, smtp, address):
    bad, good = ProfileFactory(), ProfileFactory()
    Profile.objects.filter(pk=bad.pk).update(email=address)

    accepted = deliver()

    assert [one.to for one in accepted] == [good.email]
    assert [verb for verb in smtp.verbs if verb.startswith("RCPT")] == [f"RCPT {good.email}"]
    first, second = Message.objects.order_by("profile_id").values_list("status", "outcome")
    assert first[0] in ("failed", "ignored")
    assert second == ("sent", "")


def test_letters_beyond_ascii_before_the_at_arrive_where_the_server_takes_them(deliver):
    ProfileFactory(email="rené@example.org")

    [accepted] = deliver()

    assert accepted.to == "rené@example.org"


def test_letters_beyond_ascii_before_the_at_fail_cleanly_on_a_server_without_smtputf8(deliver, smtp, settings):
    server = Server(smtp, enable_SMTPUTF8=False)
    server.start()
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": server.bound_port}
    ProfileFactory(email="rené@example.org")
    plain = ProfileFactory()

    accepted = deliver()
    server.stop()

    assert [one.to for one in accepted] == [plain.email]
    assert [message.status for message in Message.objects.order_by("profile_id")] == ["failed", "sent"]
    assert "ASCII" in Message.objects.order_by("profile_id").first().outcome
    assert smtp.verbs.count("MAIL") == 1


def test_an_international_domain_of_the_sender_is_written_in_ascii(deliver, settings):
    settings.RETURN_PATH = "bounce@bücher.example"
    ProfileFactory()

    [accepted] = deliver(sender_email="news@bücher.example")

    assert accepted.mail["From"].addresses[0].addr_spec == "news@xn--bcher-kva.example"
    assert accepted.mail["Message-ID"].endswith("@xn--bcher-kva.example>")
    assert accepted.mail_from.endswith("@xn--bcher-kva.example")
    assert names(accepted.data) == HEADERS


def test_a_line_break_in_the_sender_address_sends_nothing(make_delivery):
    delivery = make_delivery(sender_email="a@b.example\r\nBcc: thief@example.net")
    preparation = Preparation(pk=1, delivery=delivery, content=rendering.pin(delivery))

    with pytest.raises(ValueError, match="newlines"):
        Renderer(preparation).message(ProfileFactory(email="marie@example.org"), "marie@example.org")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.text(max_size=40), subject=st.text(max_size=80).filter(lambda text: "{" not in text))
def test_any_value_leaves_the_headers_as_they_are(value, subject):
    delivery = Delivery(
        pk=1,
        label=value,
        subject=f"{subject}{{{{ profile.first_name }}}}",
        html="<p title='{{ profile.city }}'>{{ profile.first_name }}</p> {{ unsubscribe_url }}",
        sender_name=value,
        sender_email="news@example.org",
    )
    preparation = Preparation(pk=1, delivery=delivery, content=rendering.pin(delivery))
    profile = Profile(pk=1, first_name=value, city=value, email="marie@example.org")

    data = Renderer(preparation).message(profile, profile.email).data

    mail = email.message_from_bytes(data, policy=policy.default)
    assert names(data) == HEADERS
    assert [address.addr_spec for address in mail["From"].addresses] == ["news@example.org"]
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert mail.get_body(("html",)).get_content().count("<") == 2
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    assert data.isascii()
