import smtplib
from email.message import EmailMessage

import pytest
from django.conf import settings as project
from hypothesis import example, given
from hypothesis import strategies as st

from config.mailbox import server, store
from config.mailbox.parsing import Mail

POST = "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.LOCAL_MAILBOX = tmp_path / "mailbox"
    return settings.LOCAL_MAILBOX


def email(subject="News", *, html="<html><head><title>x</title></head><body><a href='https://a.example'>A</a></body></html>"):
    message = EmailMessage()
    message["From"] = "Maison Exemple <news@example.org>"
    message["To"] = "marie@example.org"
    message["Subject"] = subject
    message["List-Unsubscribe"] = f"<{project.PUBLIC_URL}/u/token>, <mailto:out@example.org>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("Bonjour Zoé")
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def keep(content=None, to="marie@example.org"):
    return store.save(email() if content is None else content, sender="bounce@example.org", recipients=[to])


def read(content):
    return Mail(store.load(keep(content)))


def subjects(response):
    return [mail.subject for mail in response.context["mails"]]


def test_server_keeps_envelope_and_bytes_as_they_came(unused_port):
    smtp = server.controller(unused_port)
    smtp.start()
    try:
        with smtplib.SMTP("127.0.0.1", unused_port) as client:
            client.sendmail(
                "b+1@example.org", ["zoé@exämple.org", "x@example.org"], "Subject: é\r\n\r\n.dot\r\n".encode(), ["SMTPUTF8"]
            )
    finally:
        smtp.stop()
    [key] = store.keys()
    mail = store.load(key)
    assert (mail.sender, mail.recipients) == ("b+1@example.org", ("zoé@exämple.org", "x@example.org"))
    assert mail.content == "Subject: é\r\n\r\n.dot\r\n".encode()


def test_server_that_cannot_write_refuses_the_mail_for_now(unused_port, folder):
    folder.write_text("a file where the folder should be")
    smtp = server.controller(unused_port)
    smtp.start()
    try:
        with smtplib.SMTP("127.0.0.1", unused_port) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail("b@example.org", ["m@example.org"], b"Subject: x\r\n\r\n")
    finally:
        smtp.stop()
    assert refusal.value.smtp_code == 452


def test_tidy_keeps_the_newest_and_removes_what_a_crash_left(folder):
    oldest, middle, newest = keep(), keep(), keep()
    (folder / f"{oldest}.tmp").write_bytes(b"X-Env")
    store.tidy(keep=2)
    assert store.keys() == [newest, middle]
    assert sorted(path.name for path in folder.iterdir()) == [f"{middle}.eml", f"{newest}.eml"]


def test_list_is_newest_first_in_pages_of_fifty(client):
    for number in range(51):
        keep(email(f"News {number}", html=""))
    assert subjects(client.get("/mailbox/")) == [f"News {number}" for number in range(50, 0, -1)]
    assert subjects(client.get("/mailbox/?page=2")) == ["News 0"]


def test_list_searches_in_recipients_whatever_the_case(client):
    keep(email("To Marie"), to="Marie@example.org")
    keep(email("To Paul"), to="paul@example.org")
    assert subjects(client.get("/mailbox/", {"q": "marie@"})) == ["To Marie"]
    assert subjects(client.get("/mailbox/", {"q": "EXAMPLE"})) == ["To Paul", "To Marie"]
    assert "No mail went to “nobody”" in client.get("/mailbox/", {"q": "nobody"}).text


def test_list_without_mails_says_what_to_do_next(client):
    assert "Confirm a delivery" in client.get("/mailbox/").text


@pytest.mark.parametrize("key", ["..", "settings", f"{0:020}-{0:08x}", "0" * 29])
@pytest.mark.parametrize("rest", ["", "raw/", "body/"])
def test_unknown_key_is_not_found(client, key, rest):
    keep()
    assert client.get(f"/mailbox/{key}/{rest}").status_code == 404


@pytest.mark.parametrize("key", ["../../etc/passwd", "..", "", "/etc/passwd", "x" * 29])
def test_key_that_is_a_path_is_no_key(key):
    with pytest.raises(store.MailNotFound):
        store.load(key)


def test_unknown_part_of_a_mail_is_not_found(client):
    assert client.get(f"/mailbox/{keep()}/source/").status_code == 404


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("", "<iframe"),
        ("html/", "<iframe"),
        ("text/", "Bonjour Zoé"),
        ("headers/", "List-Unsubscribe-Post"),
        ("raw/", "multipart/"),
    ],
)
def test_mail_shows_the_part_that_was_asked_for(client, tab, shown):
    assert shown in client.get(f"/mailbox/{keep()}/{tab}").text


def test_mail_without_html_opens_as_text(client):
    page = client.get(f"/mailbox/{keep(email(html=''))}/").text
    assert "<iframe" not in page
    assert "Bonjour Zoé" in page


def test_html_is_answered_without_scripts_and_without_our_origin(client):
    answer = client.get(f"/mailbox/{keep()}/body/")
    assert answer["Content-Security-Policy"] == "sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Content-Type"] == "text/html; charset=utf-8"


def test_html_opens_links_in_a_new_tab(client):
    assert '<head><base target="_blank"><title>' in client.get(f"/mailbox/{keep()}/body/").text
    assert client.get(f"/mailbox/{keep(email(html='<p>Hi'))}/body/").text.startswith('<base target="_blank"><p>Hi')


def test_one_click_button_posts_what_a_mail_client_posts(client):
    answer = client.get(f"/mailbox/{keep()}/")
    assert f'method="post" action="{project.PUBLIC_URL}/u/token" target="_blank"' in answer.text
    assert '<input type="hidden" name="List-Unsubscribe" value="One-Click">' in answer.text
    assert f"form-action 'self' {project.PUBLIC_URL}" in answer["Content-Security-Policy"]


def test_one_click_address_of_another_server_has_no_button(client):
    hostile = email().replace(f"{project.PUBLIC_URL}/u".encode(), b"http://elsewhere.example")
    page = client.get(f"/mailbox/{keep(hostile)}/").text
    assert "<form" not in page
    assert "belongs to another server" in page


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ("List-Unsubscribe: <https://a.example/u>\n" + POST, "https://a.example/u"),
        ("LIST-UNSUBSCRIBE: <mailto:x@a.example>,\n <https://a.example/\n u>\n" + POST.lower(), "https://a.example/u"),
        ("List-Unsubscribe: <https://a.example/u>", ""),
        (POST, ""),
        ("List-Unsubscribe: <mailto:x@a.example>\n" + POST, ""),
        ("List-Unsubscribe: <javascript:alert(1)>\n" + POST, ""),
        ("List-Unsubscribe: =?utf-8?q?=3Chttps=3A//a=3E?=\n" + POST, ""),
    ],
)
def test_one_click_is_offered_as_a_mail_client_would(headers, url):
    assert read(headers.encode() + b"\n\nHi").one_click_url == url


def test_hostile_mail_is_shown_as_text(client):
    attack = "<script>alert(1)</script>"
    content = f"From: {attack}\r\nSubject: {attack}\r\n{attack}: {attack}\r\n\r\n{attack}".encode()
    key = keep(content, to=f'"{attack}"@example.org')
    for url in ("/mailbox/", *(f"/mailbox/{key}/{tab}" for tab in ("", "html/", "text/", "headers/", "raw/"))):
        page = client.get(url).text
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?utf-8?q?No=C3=ABl?=", "Noël"),
        ("Noël".encode(), "Noël"),
        (b"No\xebl", "No�l"),
        (b"=?no-such-charset?q?No=C3?=", "=?no-such-charset?q?No=C3?="),
        (b"one\r\n two", "one two"),
    ],
)
def test_subject_is_decoded_as_far_as_it_goes(header, subject):
    assert read(b"Subject: " + header + b"\r\n\r\nHi").subject == subject


@pytest.mark.parametrize("charset", ["no-such-charset", "us-ascii", "", "utf-7"])
def test_body_with_a_wrong_charset_is_still_shown(client, charset):
    content = f'Content-Type: text/html; charset="{charset}"\r\n\r\n<p>Été +2AA-'.encode()
    assert "<p>" in client.get(f"/mailbox/{keep(content)}/body/").text


def test_empty_file_is_a_mail_without_anything(client, folder):
    folder.mkdir()
    key = f"{1:020}-{0:08x}"
    (folder / f"{key}.eml").write_bytes(b"")
    assert client.get("/mailbox/?q=x").status_code == 200
    assert client.get("/mailbox/").status_code == 200
    assert client.get(f"/mailbox/{key}/").status_code == 200


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"Subject", b"From", b"Content-Type", b"Content-Transfer-Encoding", b"List-Unsubscribe"]), st.binary()
    )
)


@given(HEADERS, st.binary())
@example([(b"Content-Type", b"multipart/alternative; boundary==")], b"--=\r\n\r\n\xff")
@example([(b"Content-Type", b"text/html; charset*0*='"), (b"Content-Transfer-Encoding", b"base64")], b"!")
def test_no_mail_is_too_broken_to_be_read(headers, body):
    content = b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n" + body
    mail = Mail(store.StoredMail("", "\udcff\ud800", ("\udc00",), None, content))
    shown = [
        mail.sender,
        mail.recipients,
        mail.subject,
        mail.from_line,
        mail.html,
        mail.text,
        mail.raw,
        mail.page,
        mail.one_click_url,
    ]
    shown += [mail.one_click_url, *(text for pair in mail.headers for text in pair)]
    assert [text.encode() for text in shown]
