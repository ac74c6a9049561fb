"""The return path of a message (VERP): a signed token in the local part says whose failure comes back.

    bounce+<token>@example.org; token = base32, lower case, of: version 1 · key id 1 · preparation 5 · profile 6 · MAC 16

46 characters, so that the local part stays below 64 octets; base32, because some servers change the case.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass

from django.conf import settings
from django.utils.encoding import punycode

from profiles import links

VERSION = 1
BODY_BYTES = 13
TOKEN_BYTES = BODY_BYTES + links.MAC_BYTES


@dataclass(frozen=True)
class Origin:
    """The message that a return path belongs to."""

    preparation: int
    profile: int


def make(preparation: int, profile: int) -> str:
    """The address for MAIL FROM."""
    key_id, key = next(iter(links.keys().items()))
    body = bytes([VERSION, key_id]) + preparation.to_bytes(5, "big") + profile.to_bytes(6, "big")
    token = base64.b32encode(body + _mac(key, body)).decode().rstrip("=").lower()
    local, _at, domain = bare().rpartition("@")
    return f"{local}+{token}@{domain}"


def bare() -> str:
    """The address for MAIL FROM of what is no message of a delivery: nothing is read from its bounces."""
    return with_ascii_domain(settings.RETURN_PATH)


def with_ascii_domain(address: str) -> str:
    """The address as every mail server takes it, its domain in punycode."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{punycode(domain)}"


def read(address: str) -> Origin | None:
    """Whose message came back; None for anything that we did not sign."""
    token = address.partition("@")[0].rpartition("+")[2].upper()
    try:
        raw = base64.b32decode(token + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    if len(raw) != TOKEN_BYTES or raw[0] != VERSION or links.keys().get(raw[1]) is None:
        return None
    body, mac = raw[:BODY_BYTES], raw[BODY_BYTES:]
    if not hmac.compare_digest(mac, _mac(links.keys()[raw[1]], body)):
        return None
    return Origin(int.from_bytes(body[2:7], "big"), int.from_bytes(body[7:], "big"))


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"return path\0" + body, "sha256")[: links.MAC_BYTES]
