"""What mail servers say and what it means for an address; the texts are made up in the manner of the providers."""

import pytest

from quarantine.models import Reason
from quarantine.qualification import ErrorType, Qualification, qualify

USER_UNKNOWN = Qualification(ErrorType.HARD, Reason.USER_UNKNOWN)
DOMAIN_UNKNOWN = Qualification(ErrorType.HARD, Reason.INVALID_DOMAIN)
DISABLED = Qualification(ErrorType.HARD, Reason.ACCOUNT_DISABLED)
FULL = Qualification(ErrorType.SOFT, Reason.MAILBOX_FULL)
OURS = Qualification(ErrorType.SOFT, Reason.REFUSED, ours=True)
UNREACHABLE = Qualification(ErrorType.SOFT, Reason.UNREACHABLE)


def soft(reason):
    return Qualification(ErrorType.SOFT, reason)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("5.1.1", USER_UNKNOWN),
        ("5.1.2", DOMAIN_UNKNOWN),
        ("5.1.3", USER_UNKNOWN),
        ("5.1.6", USER_UNKNOWN),
        ("5.1.10", USER_UNKNOWN),
        ("5.2.1", DISABLED),
        ("", soft(Reason.NOT_DEFINED)),
        ("5.0.0", soft(Reason.NOT_DEFINED)),
        ("5.1.0", soft(Reason.NOT_DEFINED)),
        ("5.1.7", OURS),
        ("5.1.8", OURS),
        ("5.2.0", soft(Reason.NOT_DEFINED)),
        ("5.2.2", FULL),
        ("5.2.3", OURS),
        ("5.3.0", UNREACHABLE),
        ("5.3.4", OURS),
        ("5.4.1", UNREACHABLE),
        ("5.4.4", UNREACHABLE),
        ("5.5.0", soft(Reason.NOT_DEFINED)),
        ("5.6.0", OURS),
        ("5.7.0", OURS),
        ("5.7.1", OURS),
        ("5.7.26", OURS),
        ("5.7.515", OURS),
    ],
)
def test_code_alone_decides_by_the_table(code, expected):
    assert qualify(550, code, "Requested action not taken") == expected
    assert qualify(None, "", f"550 {code} Requested action not taken") == expected


@pytest.mark.parametrize("code", ["4.1.1", "4.1.2", "4.1.10", "4.2.1", "4.4.4", "4.0.0"])
def test_temporary_code_is_never_hard(code):
    for reply in (None, 450, 550):
        assert qualify(reply, code, "No such user").type == ErrorType.SOFT
        assert qualify(reply, code, "Host unknown").type == ErrorType.SOFT
        assert qualify(reply, "5.1.1", f"450 {code} No such user").type == ErrorType.SOFT


def test_temporary_reply_is_never_hard():
    assert qualify(450, "5.1.1", "User unknown") == soft(Reason.USER_UNKNOWN)
    assert qualify(None, "", "421 User unknown") == soft(Reason.USER_UNKNOWN)


@pytest.mark.parametrize("reply", [500, 501, 521, 550, 551, 552, 553, 554])
def test_bare_permanent_reply_is_soft(reply):
    assert qualify(reply, "", "") == soft(Reason.NOT_DEFINED)
    assert qualify(reply, "", "Rejected") == soft(Reason.NOT_DEFINED)


@pytest.mark.parametrize(
    "text",
    [
        "550 No such user here",
        "550 <ines@example.org>: User unknown",
        "550 5.1.1 <ines@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 <ines@example.org>: Recipient address rejected: User unknown in local recipient table",
        "550 sorry, no mailbox here by that name (#5.1.1)",
        "553 sorry, no mailbox here by that name. (#5.1.1)",
        "550-5.1.1 The email account you wanted to reach does not exist. Please\n550-5.1.1 check it. See\n550 5.1.1 https://x.test/",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
        "554 delivery error: dd This user doesn't have a example.com account (ines@example.com) [-5] - mta4.mail.example.net",
        "552 1 Requested mail action aborted, mailbox not found",
        "550 Requested action not taken: mailbox does not exist",
        "550 5.5.0 Adresse destinataire invalide. Invalid recipient. XYZ004_416",
        "550 5.1.1 Adresse d au moins un destinataire invalide.",
        "550 Destinataire inconnu",
        "550 L’utilisateur n’existe pas",
        "550 Cette boîte aux lettres est inexistante",
        "550 Postfach nicht gefunden",
        "550 Empfänger unbekannt",
        "550 Unbekannter Empfänger",
        "550 El usuario no existe",
        "550 Usuario desconocido",
        "550 Buzón inexistente",
        "550 Utente sconosciuto",
        "550 Usuário inexistente",
        "550 Gebruiker onbekend",
        "550 Nieznany użytkownik",
        "550 Okänd mottagare",
        "550 Пользователь не найден",
        "smtp; 550 User not found",
        "host mx.example.org[192.0.2.7] said: 550 5.1.1 <ines@example.org>: no such recipient (in reply to RCPT TO command)",
        "550 5.1.351 Target server returned unknown recipient -> 550 User unknown",
    ],
)
def test_plain_text_of_an_unknown_user_is_hard(text):
    assert qualify(None, "", text) == USER_UNKNOWN


def test_plain_text_needs_a_code_beside_it():
    assert qualify(None, "", "The recipient name is not recognized") == soft(Reason.USER_UNKNOWN)
    assert qualify(None, "5.0.0", "The recipient name is not recognized") == USER_UNKNOWN
    assert qualify(550, "", "The recipient name is not recognized") == USER_UNKNOWN


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            "5.4.4",
            "Host or domain name not found. Name service error for name=exampel.org type=A: Host not found",
            DOMAIN_UNKNOWN,
        ),
        ("5.4.4", "Name service error for name=example.org type=MX: Malformed or unexpected answer", UNREACHABLE),
        ("5.4.4", "Unable to route", UNREACHABLE),
        ("5.4.4", "User unknown", soft(Reason.USER_UNKNOWN)),
        ("5.4.310", "DNS domain exampel.org does not exist", DOMAIN_UNKNOWN),
        ("5.1.2", "Bad destination system address", DOMAIN_UNKNOWN),
        ("5.1.10", "Domain exampel.org does not accept mail (nullMX)", DOMAIN_UNKNOWN),
        ("5.0.0", "No such domain", DOMAIN_UNKNOWN),
        ("", "Host not found, try again", UNREACHABLE),
        ("4.4.3", "Host or domain name not found", soft(Reason.INVALID_DOMAIN)),
    ],
)
def test_unknown_domain_is_hard_only_when_the_text_says_so(code, text, expected):
    assert qualify(None, code, text) == expected


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("5.1.1", "mailbox full", FULL),
        ("5.1.1", "The account is over quota", FULL),
        ("5.1.1", "552 5.2.2 Quota exceeded", FULL),
        ("5.1.1", "blocked using zen.spamhaus.example", OURS),
        ("5.1.3", "553 https://www.spamhaus.example/query/ip/192.0.2.9", OURS),
        ("5.1.1", "550 5.7.1 Client address rejected by recipient", OURS),
        ("5.1.1", "Sender address rejected: User unknown in virtual alias table", OURS),
        ("5.1.1", "unauthorized sender", OURS),
        ("5.1.1", "Refused due to recipient preferences", soft(Reason.REFUSED)),
        ("5.2.1", "The user is receiving mail at a rate that prevents more messages", OURS),
        ("5.2.1", "Mailbox is temporarily not answering, try later", UNREACHABLE),
        ("5.7.1", "User unknown", OURS),
        ("5.2.0", "Unknown user", soft(Reason.USER_UNKNOWN)),
        ("5.4.1", "Recipient address rejected: Access denied", soft(Reason.REFUSED)),
    ],
)
def test_contradiction_of_code_and_text_is_soft(code, text, expected):
    assert qualify(550, code, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "554 5.7.1 Client host rejected: cannot find your reverse hostname",
        "550 Sender verify failed: 550-Verification failed for <news@example.org> 550-No such user here",
        "550 Domain of sender address does not resolve",
        "554 5.7.1 <ines@example.org>: Relay access denied",
        "550 relay not permitted, authentication required",
        "501 5.1.8 Sender address rejected",
        "550 SPF check failed",
        "550 5.7.515 Access denied, sending domain example.org does not meet the required authentication level",
        "550-5.7.26 Your mail has been blocked because the sender is unauthenticated.\n550 5.7.26 See our help",
        "421 4.7.0 Messages from 192.0.2.1 deferred due to unexpected volume or user complaints",
        "451 4.7.1 Received too many messages from a new or untrusted IP",
        "452 Too many recipients",
        "450 4.2.1 The user you write to is receiving mail at a rate that is too high",
        "550 5.7.1 Message rejected: it looks like spam",
        "552 5.7.0 This message was blocked because its content presents a potential security issue",
        "554 5.7.1 Rejected for policy reasons",
        "552 5.3.4 Message size exceeds fixed limit",
        "550 Nachricht ist zu groß",
        "550 Your IP is on our block list",
        "421 4.2.1 Service refuse. Veuillez essayer plus tard.",
        "554 5.6.0 Headers too large",
        "554 Message rejected",
        "503 Improper sequence of commands",
    ],
)
def test_fault_of_the_sender_is_ours(text):
    assert qualify(None, "", text) == OURS


@pytest.mark.parametrize(
    "text",
    [
        "452 4.2.2 The email account is over quota",
        "552-5.2.2 The inbox of the person you write to is out of storage space.\n552 5.2.2 Please tell them",
        "522 5.2.0 Delivery failed: Over quota",
        "550 Mailbox for user is full",
        "550 Mailbox size limit exceeded",
        "550 Boîte du destinataire pleine",
        "550 Quota dépassé",
        "550 Das Postfach ist voll",
        "550 Buzón lleno",
        "550 Casella piena",
    ],
)
def test_full_mailbox_is_soft(text):
    assert qualify(None, "", text) == FULL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550 5.2.1 The account that you wrote to is inactive", DISABLED),
        ("550 5.1.1 This mailbox has been disabled", DISABLED),
        ("550 Mailbox is frozen", soft(Reason.ACCOUNT_DISABLED)),
        ("554 This account has been disabled or discontinued", soft(Reason.ACCOUNT_DISABLED)),
        ("450 4.2.1 this mailbox is inactive", soft(Reason.ACCOUNT_DISABLED)),
    ],
)
def test_disabled_account_is_hard_only_with_a_hard_code(text, expected):
    assert qualify(None, "", text) == expected


def test_unknown_user_of_a_filtering_provider_is_soft():
    assert qualify(None, "", "550 Unknown user ines@docomo.example.jp") == soft(Reason.USER_UNKNOWN)
    assert qualify(None, "", "550 : User unknown") == soft(Reason.USER_UNKNOWN)
    assert qualify(None, "", "550 5.1.1 Unknown user ines@example.jp") == USER_UNKNOWN


def test_unreachable_server_is_soft():
    assert qualify(None, "4.4.1", "connect to mx.example.org[192.0.2.7]:25: Connection timed out") == UNREACHABLE
    assert qualify(None, "", "554 Service currently unavailable") == UNREACHABLE
    assert qualify(421, "", "") == soft(Reason.NOT_DEFINED)


def test_greylisting_is_ignored():
    assert qualify(450, "4.2.0", "Greylisted, see you in five minutes") == Qualification(ErrorType.IGNORED, Reason.NOT_CONNECTED)


def test_words_in_addresses_links_and_host_names_do_not_count():
    text = "host spam.example.net[192.0.2.7] said: 550 5.1.1 <quota-full@blocked.example.org> unknown https://x.test/policy"

    assert qualify(None, "", text) == USER_UNKNOWN


def test_numbers_that_are_no_codes_are_not_read_as_codes():
    assert qualify(None, "", "connected to 5.1.1.20, id=5.1.1") == soft(Reason.NOT_DEFINED)
    assert qualify(None, "", "User unknown, ticket 1550 of 4550") == soft(Reason.USER_UNKNOWN)


@pytest.mark.parametrize("text", ["", " ", "\r\n\r\n", "\x00\ufffd", "5", "é" * 5000, "user " * 5000])
def test_strange_texts_are_soft(text):
    assert qualify(None, "", text) == soft(Reason.NOT_DEFINED)
    assert qualify(550, "not a code", text).type == ErrorType.SOFT
