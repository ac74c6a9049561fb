"""SMTP on real sockets: what a server may answer, and what becomes of the message (reliability.md section 3, S and T)."""

import logging
import shutil
import socket
import subprocess
from contextlib import contextmanager

import pytest

from deliveries import lifecycle, sending
from deliveries.models import Batch, Message
from deliveries.transports import Outgoing, Result, TransportUnavailable
from deliveries.transports.email import SmtpSession
from quarantine.models import QuarantinedAddress
from tests.factories import ProfileFactory
from tests.scripted import HANG_UP, ScriptedServer

PASSWORD = "correct horse battery staple"


@contextmanager
def allowed():
    yield ""


@contextmanager
def withheld():
    yield "blocklist"


def mail(address="marie@example.org", data=b"Subject: x\r\n\r\n.dot\r\n"):
    return Outgoing(address, "bounce+x@example.org", data)


@pytest.fixture
def serve(settings):
    """A scripted server that EMAIL_URL names."""
    running = []

    def start(answers=None, *, certificate=(), implicit=False, **url):
        server = ScriptedServer(answers or {}, certificate=certificate, implicit=implicit)
        running.append(server.__enter__())
        settings.EMAIL_URL = {"EMAIL_HOST": "localhost", "EMAIL_PORT": server.port, **url}
        return server

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Certificate and key of localhost, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: with it, TLS is tested against a certificate made here.")
    directory = tmp_path_factory.mktemp("tls")
    paths = str(directory / "cert.pem"), str(directory / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-out", paths[0], "-keyout", paths[1]]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return paths


def hand_over(*messages, permission=allowed):
    with SmtpSession() as session:
        return [session.hand_over(message, permission) for message in messages or [mail()]]


def test_a_message_goes_its_way_and_the_connection_serves_the_next(serve):
    server = serve()

    outcomes = hand_over(mail(), mail("paul@example.org"))

    assert [(outcome.result, outcome.provider_id) for outcome in outcomes] == [(Result.SENT, "2.0.0 queued as 4bQ7")] * 2
    assert server.heard == ["EHLO", "MAIL", "RCPT", "DATA", ".", "MAIL", "RCPT", "DATA", ".", "QUIT"]
    assert server.bodies == [b"Subject: x\r\n\r\n..dot\r\n"] * 2


def test_a_withheld_message_leaves_nothing_but_a_reset(serve):
    server = serve()

    [outcome] = hand_over(permission=withheld)

    assert (outcome.result, outcome.text) == (Result.WITHHELD, "blocklist")
    assert server.heard == ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]


@pytest.mark.parametrize(
    ("answers", "result", "code", "text"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, Result.REFUSED, 550, "5.1.1 no such user"),
        ({"RCPT": "550-5.1.1 no such user\r\n550-second line\r\n550 5.1.1 third"}, Result.REFUSED, 550,
         "5.1.1 no such user second line 5.1.1 third"),
        ({"RCPT": "550"}, Result.REFUSED, 550, ""),
        ({"RCPT": "451 4.7.1 later"}, Result.DEFERRED, 451, "4.7.1 later"),
        ({"RCPT": "421 4.3.2 closing"}, Result.DEFERRED, None, "421 4.3.2 closing"),
        ({"RCPT": "251 will forward"}, Result.SENT, 250, ""),
        ({"RCPT": "what?"}, Result.DEFERRED, None, "-1 ?"),
        ({"DATA": "554 5.6.0 no"}, Result.REFUSED, 554, "5.6.0 no"),
        ({"DATA": "451 4.3.0 later"}, Result.DEFERRED, 451, "4.3.0 later"),
        ({"DATA": "250 OK"}, Result.DEFERRED, None, "250 OK"),
        ({"DATA": "421 bye"}, Result.DEFERRED, None, "421 bye"),
        ({".": "554 5.7.1 spam"}, Result.REFUSED, 554, "5.7.1 spam"),
        ({".": "452 4.2.2 full"}, Result.DEFERRED, 452, "4.2.2 full"),
        ({".": "421 4.3.0 bye"}, Result.DEFERRED, None, "421 4.3.0 bye"),
        ({".": "hello"}, Result.UNKNOWN, None, "-1 o"),
        ({".": "354 go on"}, Result.UNKNOWN, None, "354 go on"),
        ({"RCPT": "550 5.1.1 nul\0 esc\x1b[2J \xe9"}, Result.REFUSED, 550, "5.1.1 nul  esc [2J \ufffd"),
    ],
)  # fmt: skip
def test_an_answer_decides_about_one_message(serve, answers, result, code, text):
    server = serve({verb: [answer, "250 OK" if verb != "DATA" else "354 go"] for verb, answer in answers.items()})

    [outcome] = hand_over()

    assert (outcome.result, outcome.code, outcome.text) == (result, code, text)
    assert len(server.bodies) == (result in (Result.SENT, Result.UNKNOWN) or "." in answers)


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DATA+"])
def test_a_connection_that_breaks_before_the_dot_puts_off_one_message_and_the_next_one_leaves(serve, verb):
    server = serve({verb: HANG_UP})
    large = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 300_000

    with SmtpSession() as session:
        first = session.hand_over(mail(data=large), allowed)
        del server.answers[verb]
        second = session.hand_over(mail("paul@example.org"), allowed)

    assert (first.result, first.code, second.result) == (Result.DEFERRED, None, Result.SENT)
    assert (len(server.verbs), len(server.bodies)) == (2, 1)


def test_a_connection_that_breaks_after_the_dot_leaves_the_outcome_unknown(serve):
    server = serve({".": HANG_UP})

    [outcome] = hand_over()

    assert (outcome.result, outcome.code, len(server.bodies)) == (Result.UNKNOWN, None, 1)


@pytest.mark.parametrize("answer", [HANG_UP, "421 4.7.0 too many messages in one connection"])
def test_a_server_that_ends_the_connection_between_two_messages_is_called_again(serve, answer):
    server = serve()

    with SmtpSession() as session:
        first = session.hand_over(mail(), allowed)
        server.answers["MAIL"] = [answer, "250 OK"]
        second = session.hand_over(mail(), allowed)

    assert (first.result, second.result, len(server.verbs)) == (Result.SENT, Result.SENT, 2)


@pytest.mark.parametrize(
    ("answers", "permanent", "text"),
    [
        ({"CONNECT": "421 4.3.2 too busy"}, False, "421 4.3.2 too busy"),
        ({"CONNECT": "554 5.7.1 we know you"}, True, "554 5.7.1 we know you"),
        ({"CONNECT": HANG_UP}, False, "Connection"),
        ({"EHLO": "554 5.7.1 no", "HELO": "554 5.7.1 no"}, True, "554 5.7.1 no"),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, False, "Server"),
        ({"MAIL": "550 5.7.1 not you"}, True, "MAIL: 550 5.7.1 not you"),
        ({"MAIL": "451 4.3.0 disk full"}, False, "MAIL: 451 4.3.0 disk full"),
        ({"MAIL": "421 bye"}, False, "MAIL: 421 bye"),
        ({"MAIL": HANG_UP}, False, "Connection"),
    ],
)
def test_a_refusal_before_rcpt_is_about_the_connection(serve, answers, permanent, text):
    server = serve(answers)

    with pytest.raises(TransportUnavailable) as caught:
        hand_over()

    assert caught.value.permanent == permanent
    assert text in str(caught.value)
    assert "RCPT" not in server.heard


def test_an_old_server_that_knows_only_helo_is_served(serve):
    server = serve({"EHLO": "502 what?"})

    [outcome] = hand_over()

    assert (outcome.result, server.heard[:2]) == (Result.SENT, ["EHLO", "HELO"])


@pytest.mark.django_db
@pytest.mark.parametrize("answers", [{"EHLO": "554 no", "HELO": "554 no"}, {"MAIL": "553 5.7.1 no"}, {"CONNECT": "554 no"}])
def test_a_server_that_refuses_us_pauses_the_delivery_and_harms_nobody(
    serve, answers, make_delivery, prepare, confirm, send_all, operator
):
    server = serve(dict(answers))
    people = [ProfileFactory(), ProfileFactory()]
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()

    delivery.refresh_from_db()
    assert (delivery.status, Batch.objects.get().status) == ("paused", "waiting")
    assert {message.status for message in Message.objects.all()} == {"pending"}
    assert QuarantinedAddress.objects.count() == 0

    server.answers.clear()
    lifecycle.resume(delivery, by=operator)
    send_all()
    assert len(server.bodies) == len(people)


@pytest.mark.django_db
def test_a_message_that_breaks_every_connection_does_not_hold_up_the_others(serve, make_delivery, prepare, confirm, send_all):
    server = serve()
    ProfileFactory(first_name="poison")
    others = [ProfileFactory(), ProfileFactory()]
    answer = server._answer
    server._answer = lambda connection, verb: answer(connection, "X" if verb == "." and b"poison" in server.bodies[-1] else verb)
    server.answers["X"] = HANG_UP
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()

    assert [message.status for message in Message.objects.order_by("profile_id")] == ["pending", "sent", "sent"]
    assert len(server.bodies) == len(others) + 1
    assert (sending.claim_batch("other"), QuarantinedAddress.objects.count()) == (None, 0)


@pytest.mark.django_db
def test_an_answer_with_a_nul_is_recorded(serve, make_delivery, prepare, confirm, send_all):
    serve({".": "250 OK \0 queued"})
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()

    assert list(Message.objects.values_list("status", "provider_id")) == [("sent", "OK   queued")]


def test_a_certificate_that_nobody_vouches_for_is_refused(serve, certificate):
    for url in ({"EMAIL_USE_TLS": True}, {"EMAIL_USE_SSL": True}):
        answers = {"EHLO": "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN"}
        server = serve(answers, certificate=certificate, implicit="EMAIL_USE_SSL" in url, **url, EMAIL_HOST_USER="ana",
                       EMAIL_HOST_PASSWORD=PASSWORD)  # fmt: skip

        with pytest.raises(TransportUnavailable) as caught:
            hand_over()

        assert caught.value.permanent
        assert "certificate" in str(caught.value)
        assert [verb for verb in server.heard if verb not in ("EHLO", "STARTTLS")] == []


@pytest.mark.parametrize("url", [{"EMAIL_USE_TLS": True}, {"EMAIL_USE_SSL": True}])
def test_a_certificate_that_is_trusted_is_for_its_own_host(serve, certificate, monkeypatch, settings, url):
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    server = serve({"EHLO": "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN"}, certificate=certificate,
                   implicit="EMAIL_USE_SSL" in url, **url, EMAIL_HOST_USER="ana", EMAIL_HOST_PASSWORD=PASSWORD)  # fmt: skip

    [outcome] = hand_over()

    assert outcome.result == Result.SENT
    assert [verb.split()[0] for verb in server.verbs[0] if verb not in ("EHLO", "STARTTLS")] == [
        "AUTH", "MAIL", "RCPT", "DATA", ".", "QUIT"]  # fmt: skip
    settings.EMAIL_URL = settings.EMAIL_URL | {"EMAIL_HOST": "127.0.0.1"}
    with pytest.raises(TransportUnavailable, match="TLS: IP address mismatch"):
        hand_over()


def test_starttls_that_is_asked_for_and_not_offered_fails_closed(serve):
    server = serve(EMAIL_USE_TLS=True, EMAIL_HOST_USER="ana", EMAIL_HOST_PASSWORD=PASSWORD)

    with pytest.raises(TransportUnavailable, match="STARTTLS"):
        hand_over()

    assert [verb for verb in server.heard if verb != "EHLO"] == []


def test_starttls_that_is_refused_fails_closed(serve):
    server = serve({"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 not now"}, EMAIL_USE_TLS=True)

    with pytest.raises(TransportUnavailable, match="454"):
        hand_over()

    assert server.heard == ["EHLO", "STARTTLS"]


def test_a_user_name_without_tls_sends_nothing(serve):
    server = serve({"EHLO": "250-x\r\n250 AUTH PLAIN LOGIN"}, EMAIL_HOST_USER="ana", EMAIL_HOST_PASSWORD=PASSWORD)

    with pytest.raises(TransportUnavailable, match="no TLS") as caught:
        hand_over()

    assert (caught.value.permanent, server.heard) == (True, [])


@pytest.mark.parametrize(("answer", "permanent"), [("535 5.7.8 wrong: {sent}", True), ("454 4.7.0 try later: {sent}", False)])
def test_the_password_is_nowhere_after_a_failed_login(serve, certificate, monkeypatch, caplog, answer, permanent):
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    echoed = "AGFuYQBjb3JyZWN0IGhvcnNlIGJhdHRlcnkgc3RhcGxl"
    serve({"EHLO": "250-x\r\n250 AUTH PLAIN", "AUTH": answer.format(sent=echoed)}, certificate=certificate, implicit=True,
          EMAIL_USE_SSL=True, EMAIL_HOST_USER="ana", EMAIL_HOST_PASSWORD=PASSWORD)  # fmt: skip
    session = SmtpSession()

    with caplog.at_level(logging.DEBUG), pytest.raises(TransportUnavailable) as caught:
        session.hand_over(mail(), allowed)
    logging.getLogger("heed.worker").error("failed", exc_info=caught.value)

    assert caught.value.permanent == permanent
    for place in (str(caught.value), repr(caught.value), repr(session), str(vars(caught.value)), caplog.text):
        assert (PASSWORD in place, echoed in place) == (False, False)


def test_every_wait_for_the_server_ends(settings):
    settings.SMTP_TIMEOUT_SECONDS = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": silent.getsockname()[1]}

        with pytest.raises(TransportUnavailable, match="timed out"):
            hand_over()


def test_the_wait_for_the_last_answer_ends_and_is_longer_than_the_others(serve, settings):
    settings.SMTP_TIMEOUT_SECONDS = 5
    server = serve()
    with SmtpSession() as session:
        session.hand_over(mail(), allowed)
        assert session.connection.sock.gettimeout() == 5
        settings.SMTP_DOT_TIMEOUT_SECONDS = 0.2
        answer = server._answer
        server._answer = lambda connection, verb: answer(connection, verb) if verb != "." else ""
        outcome = session.hand_over(mail(), allowed)

    assert (outcome.result, len(server.bodies)) == (Result.UNKNOWN, 2)
    assert "timed out" in outcome.text
