"""Signed links: who may do what, for how long, without a login (design decision 6).

A token is 39 bytes and a 16-byte MAC in URL-safe base64 without padding, 74 characters:

    version 1 · key id 1 · purpose 1 · public_id 16 · delivery 8 · page 8 · issued at 4 (Unix seconds) · HMAC-SHA-256/128

Keys come from LINK_KEYS, independent of SECRET_KEY: the first signs, all verify, so keys can be rotated.
"""

import base64
import binascii
import hashlib
import hmac
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import cache

from django.conf import settings
from django.utils import timezone

VERSION = 1
LAYOUT = struct.Struct(">BBB16sQQI")
MAC_BYTES = 16
TOKEN_CHARACTERS = 74


class Purpose(IntEnum):
    """What a token opens; a token of one purpose is refused everywhere else. Numbers are part of the format."""

    ONE_CLICK = 1  # List-Unsubscribe and the unsubscription link of a message: tightens, nothing else
    PERSONAL = 2  # copied by an operator for one person: tightens any channel
    PAGE = 3  # a landing page as one profile: `page` names it, `public_id` the profile
    CONFIRM = 4  # applies a PendingChange, which `public_id` names
    OPEN = 5  # the picture of a message
    CLICK = 6  # a link of a message: `page` is its number
    DISPUTE = 7  # to a former address: freezes the profile, nothing else
    PROOF = 8  # of a proof: opens what the real link would, and writes nothing; `page` is a landing page, or 0


# Tightening works at least 400 days (CAN-SPAM asks for 30).
LIFETIME = {
    Purpose.ONE_CLICK: timedelta(days=400),
    Purpose.PERSONAL: timedelta(days=400),
    Purpose.PAGE: timedelta(days=400),
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.OPEN: timedelta(days=400),
    Purpose.CLICK: timedelta(days=400),
    Purpose.DISPUTE: timedelta(days=400),
    Purpose.PROOF: timedelta(days=30),
}
# Seeing stored data and changing ordinary fields; after that a page is empty and offers a fresh link.
SEEING = timedelta(days=30)


class InvalidLink(ValueError):
    """Malformed, forged, of another purpose or expired: one answer, so that nothing can be learned from it."""


@dataclass(frozen=True)
class Link:
    purpose: Purpose
    public_id: uuid.UUID
    delivery: int
    page: int
    issued_at: datetime


@cache
def _keys(configured: tuple[str, ...]) -> dict[int, bytes]:
    """Key id -> secret, in the order of LINK_KEYS."""
    pairs = (entry.partition(":") for entry in configured)
    return {
        int(identifier): hashlib.sha256(b"heed link key\0" + secret.encode()).digest() for identifier, _colon, secret in pairs
    }


def keys() -> dict[int, bytes]:
    return _keys(tuple(settings.LINK_KEYS))


def make_token(
    purpose: Purpose, public_id: uuid.UUID, *, delivery: int = 0, page: int = 0, issued_at: datetime | None = None
) -> str:
    """The token of a link; `issued_at` is now unless told."""
    key_id, key = next(iter(keys().items()))
    seconds = int((issued_at or timezone.now()).timestamp())
    body = LAYOUT.pack(VERSION, key_id, purpose, public_id.bytes, delivery, page, seconds)
    return base64.urlsafe_b64encode(body + _mac(key, body)).rstrip(b"=").decode()


def read_token(token: str, *purposes: Purpose) -> Link:
    """What the token says, if it is genuine, of one of these purposes and not expired; InvalidLink otherwise."""
    if len(token) != TOKEN_CHARACTERS:
        raise InvalidLink
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidLink from error
    body, mac = raw[: LAYOUT.size], raw[LAYOUT.size :]
    version, key_id, stated, public_id, delivery, page, seconds = LAYOUT.unpack(body)
    # An unknown key is compared as well, so that the time taken tells nothing.
    genuine = hmac.compare_digest(mac, _mac(keys().get(key_id, b"\0" * 32), body)) and key_id in keys()
    if not genuine or version != VERSION or stated not in purposes:
        raise InvalidLink
    # Only one spelling of each token: the unused bits at the end of base64 must be zero.
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise InvalidLink
    issued_at = datetime.fromtimestamp(seconds, UTC)
    if issued_at + LIFETIME[Purpose(stated)] < timezone.now():
        raise InvalidLink
    return Link(Purpose(stated), uuid.UUID(bytes=public_id), delivery, page, issued_at)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:MAC_BYTES]
