import email
import re
from email import policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries import mime

HEADERS = {"Subject": "News", "From": "Heed <news@example.org>", "To": "marie@example.org"}


def lines(text):
    return re.split(r"\r\n|\r|\n", text.rstrip("\r\n"))


def read(part):
    return lines(part.get_payload(decode=True).decode())


def test_a_mail_is_these_bytes():
    data = mime.mail(HEADERS, text="Été\n", html="<p>Été =_heed</p>")
    assert data.decode("ascii").split("\r\n") == [
        "Subject: News",
        "From: Heed <news@example.org>",
        "To: marie@example.org",
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="=_heed"',
        "",
        "--=_heed",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "=C3=89t=C3=A9",
        "",
        "--=_heed",
        'Content-Type: text/html; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<p>=C3=89t=C3=A9 =3D_heed</p>",
        "",
        "--=_heed--",
        "",
    ]


@given(text=st.text(), html=st.text().map(lambda text: f"<p>{text}</p>"))
def test_every_text_arrives_line_by_line(text, html):
    data = mime.mail(HEADERS, text=text, html=html)
    mail = email.message_from_bytes(data, policy=policy.default)
    assert [read(part) for part in mail.iter_parts()] == [lines(text), lines(html)]
    assert max(len(line) for line in data.split(b"\r\n")) <= 78
    assert b"\n" not in data.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "text",
    ["a \nb\t\n", ".\n..\n.x", "From here\n>From", "x" * 500, "é" * 200, "a\x00b\x0b\x0c", "--=_heed\n--=_heed--", "\n\n a"],
)
def test_lines_that_servers_or_readers_might_change_arrive(text):
    data = mime.mail(HEADERS, text=text)
    assert read(email.message_from_bytes(data, policy=policy.default)) == lines(text)
    assert [line for line in data.split(b"\r\n") if line.endswith((b" ", b"\t")) or line == b"."] == []


@pytest.mark.parametrize("html", ["", " \n"])
def test_a_mail_without_html_has_one_part(html):
    assert b"multipart" not in mime.mail(HEADERS, text="News", html=html)


def test_a_long_header_is_folded_at_its_spaces():
    subject = "word " * 40 + "end"
    data = mime.mail(HEADERS | {"Subject": subject}, text="")
    assert max(len(line) for line in data.split(b"\r\n")) <= 78
    assert email.message_from_bytes(data, policy=policy.default)["Subject"] == subject


@pytest.mark.parametrize("value", ["a\nb", "a\r\nBcc: thief@example.net", "a\r"])
def test_a_header_with_a_line_break_is_refused(value):
    with pytest.raises(ValueError, match="newlines"):
        mime.mail(HEADERS | {"Subject": value}, text="")


def test_an_address_beyond_ascii_is_encoded_for_the_header():
    assert mime.address_text("marie@example.org") == "marie@example.org"
    assert mime.address_text("rené@example.org").isascii()
