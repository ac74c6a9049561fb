import base64
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from profiles import links
from profiles.links import InvalidLink, Purpose, make_token, read_token

SOMEONE = UUID("6d2a7c9e-0f5b-4f6e-9c64-2d9f3a1b7c55")


def raw(token):
    return base64.urlsafe_b64decode(token + "==")


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_token_tells_what_was_put_in():
    issued_at = timezone.now().replace(microsecond=0)

    link = read_token(make_token(Purpose.ONE_CLICK, SOMEONE, delivery=7, page=3, issued_at=issued_at), Purpose.ONE_CLICK)

    assert (link.purpose, link.public_id, link.delivery, link.page, link.issued_at) == (
        Purpose.ONE_CLICK,
        SOMEONE,
        7,
        3,
        issued_at,
    )


def test_token_has_74_characters():
    assert len(make_token(Purpose.PERSONAL, SOMEONE, delivery=2**63, page=2**63)) == 74


def test_token_with_any_byte_flipped_is_refused():
    genuine = raw(make_token(Purpose.PERSONAL, SOMEONE))
    accepted = []

    for position in range(len(genuine)):
        for bit in range(8):
            forged = bytearray(genuine)
            forged[position] ^= 1 << bit
            try:
                read_token(encoded(bytes(forged)), Purpose.PERSONAL)
            except InvalidLink:
                continue
            accepted.append((position, bit))

    assert accepted == []
    assert read_token(encoded(genuine), Purpose.PERSONAL).public_id == SOMEONE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token[:-1], id="truncated by a character"),
        pytest.param(lambda token: token[:40], id="cut in half"),
        pytest.param(lambda token: "", id="empty"),
        pytest.param(lambda token: token + "A", id="extended"),
        pytest.param(lambda token: token + "==", id="padded"),
        pytest.param(lambda token: token + "\n", id="with a line end"),
        pytest.param(lambda token: " " + token[1:], id="with a space"),
        pytest.param(lambda token: "é" + token[1:], id="outside ASCII"),
        pytest.param(lambda token: "+/" + token[2:], id="in the other alphabet"),
        pytest.param(lambda token: token.swapcase(), id="in the other case"),
        pytest.param(lambda token: "A" * 74, id="zeros"),
    ],
)
def test_malformed_token_is_refused(change):
    with pytest.raises(InvalidLink):
        read_token(change(make_token(Purpose.PERSONAL, SOMEONE)), Purpose.PERSONAL)


def test_token_has_one_spelling():
    """The last character carries 4 bits of padding: 15 other characters decode to the same bytes."""
    token = make_token(Purpose.PERSONAL, SOMEONE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [token[:-1] + last for last in alphabet if raw(token[:-1] + last) == raw(token)]
    accepted = []

    for spelling in spellings:
        try:
            read_token(spelling, Purpose.PERSONAL)
        except InvalidLink:
            continue
        accepted.append(spelling)

    assert len(spellings) > 1
    assert accepted == [token]


@pytest.mark.parametrize(("made_for", "used_for"), [(Purpose.ONE_CLICK, Purpose.PERSONAL), (Purpose.PERSONAL, Purpose.ONE_CLICK)])
def test_token_of_another_purpose_is_refused(made_for, used_for):
    token = make_token(made_for, SOMEONE)

    with pytest.raises(InvalidLink):
        read_token(token, used_for)
    assert read_token(token, made_for).public_id == SOMEONE


@pytest.mark.parametrize(
    ("purpose", "days"), [(Purpose.ONE_CLICK, 400), (Purpose.PERSONAL, 400), (Purpose.PAGE, 400), (Purpose.CONFIRM, 7)]
)
def test_token_works_its_days_and_then_no_more(purpose, days):
    nearly = make_token(purpose, SOMEONE, issued_at=timezone.now() - timedelta(days=days) + timedelta(minutes=1))
    over = make_token(purpose, SOMEONE, issued_at=timezone.now() - timedelta(days=days, minutes=1))

    assert read_token(nearly, purpose).public_id == SOMEONE
    with pytest.raises(InvalidLink):
        read_token(over, purpose)


def test_keys_can_be_rotated(settings):
    settings.LINK_KEYS = ["1:the first secret"]
    old = make_token(Purpose.PERSONAL, SOMEONE)

    settings.LINK_KEYS = ["2:the second secret", "1:the first secret"]
    new = make_token(Purpose.PERSONAL, SOMEONE)
    assert [raw(token)[1] for token in (old, new)] == [1, 2]
    assert [read_token(token, Purpose.PERSONAL).public_id for token in (old, new)] == [SOMEONE, SOMEONE]

    settings.LINK_KEYS = ["2:the second secret"]
    with pytest.raises(InvalidLink):
        read_token(old, Purpose.PERSONAL)
    assert read_token(new, Purpose.PERSONAL).public_id == SOMEONE


def test_same_key_id_with_another_secret_is_refused(settings):
    settings.LINK_KEYS = ["1:the first secret"]
    token = make_token(Purpose.PERSONAL, SOMEONE)

    settings.LINK_KEYS = ["1:a forger's secret"]
    with pytest.raises(InvalidLink):
        read_token(token, Purpose.PERSONAL)


def test_unknown_key_id_does_not_verify_with_the_key_of_nothing(settings):
    settings.LINK_KEYS = ["1:the first secret"]
    body = links.LAYOUT.pack(1, 9, Purpose.PERSONAL, SOMEONE.bytes, 0, 0, int(timezone.now().timestamp()))

    with pytest.raises(InvalidLink):
        read_token(encoded(body + links._mac(b"\0" * 32, body)), Purpose.PERSONAL)


def test_links_do_not_depend_on_the_secret_key(settings):
    token = make_token(Purpose.PERSONAL, SOMEONE)

    settings.SECRET_KEY = "another one"

    assert read_token(token, Purpose.PERSONAL).public_id == SOMEONE
