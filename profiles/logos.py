"""Images that operators upload as a logo: what they are is read from the file, never from its name."""

import hashlib
import struct
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from profiles.models import Logo

BYTES = 200 * 1024
PIXELS = 2000  # of the longer side
SIDES = ("image/png", "image/jpeg", "image/webp")

Size = tuple[int, int]


def read(data: bytes) -> Logo:
    """The logo in these bytes, not stored; ValidationError for what is no PNG, JPEG or WebP, or too large.

    SVG is refused: it can hold a script.
    """
    if len(data) > BYTES:
        raise ValidationError(_("The image has more than 200 KB: save it smaller."))
    found = next(((kind, size) for kind, size in ((kind, _size(kind, data)) for kind in SIDES) if size), None)
    if found is None:
        raise ValidationError(_("This is no image that can be used: choose a PNG, JPEG or WebP file."))
    media_type, (width, height) = found
    if not 0 < max(width, height) <= PIXELS or not min(width, height):
        raise ValidationError(_("The image is larger than 2000 pixels: save it smaller."))
    return Logo(digest=hashlib.sha256(data).hexdigest(), media_type=media_type, width=width, height=height, data=data)


def store(logo: Logo) -> Logo:
    """The stored logo; the same image is stored once."""
    values = {"media_type": logo.media_type, "width": logo.width, "height": logo.height, "data": logo.data}
    return Logo.objects.get_or_create(digest=logo.digest, defaults=values)[0]


def _size(kind: str, data: bytes) -> Size | None:
    try:
        return READERS[kind](data)
    except (struct.error, IndexError):
        return None


def _png(data: bytes) -> Size | None:
    """PNG specification: the signature, then IHDR."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _jpeg(data: bytes) -> Size | None:
    """ITU-T T.81: segments until the one that begins a frame."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while data[place] == 0xFF:
        marker, length = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + length
    return None


def _webp(data: bytes) -> Size | None:
    """WebP container: lossy (VP8), lossless (VP8L) or extended (VP8X)."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = struct.unpack("<I", data[21:25])[0]
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


READERS: dict[str, Callable[[bytes], Size | None]] = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp}
