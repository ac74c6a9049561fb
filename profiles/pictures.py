"""What a picture is, by its bytes: never by its name, nor by what its sender says. And how it is given out."""

import struct
from collections.abc import Callable
from typing import NamedTuple

Size = tuple[int, int]
# What a file pretends to be, no browser takes it for anything else; at its address it never changes.
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",  # the sandboxed preview has no origin
    "X-Robots-Tag": "noindex",
}


class NoPicture(ValueError):
    """These bytes are no PNG, JPEG, GIF or WebP. SVG is none either: it is a document that runs scripts."""


class DamagedPicture(NoPicture):
    """They begin like one and do not go on like one."""


class Measured(NamedTuple):
    """Media type, and pixels."""

    type: str
    width: int
    height: int


def measure(content: bytes) -> Measured:
    """Raises NoPicture; a side may be 0."""
    for kind, start, size in FORMATS:
        if content.startswith(start):
            try:
                return Measured(kind, *size(content))
            except (struct.error, IndexError, ValueError) as error:
                raise DamagedPicture from error
    raise NoPicture


def _png(content: bytes) -> Size:
    if content[12:16] != b"IHDR":
        raise ValueError("no header")
    width, height = struct.unpack_from(">II", content, 16)
    return width, height


def _gif(content: bytes) -> Size:
    width, height = struct.unpack_from("<HH", content, 6)
    return width, height


def _jpeg(content: bytes) -> Size:
    """The size stands in the first frame header; segments before it are stepped over (ITU-T T.81, annex B)."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        else:
            at += 2 + max(2, struct.unpack_from(">H", content, at + 2)[0])


def _webp(content: bytes) -> Size:
    """Simple lossy, lossless and extended files (RFC 9649)."""
    if content[8:12] != b"WEBP":
        raise ValueError("another RIFF")
    match content[12:16]:
        case b"VP8X":
            low, high, low_of_height, high_of_height = struct.unpack_from("<HBHB", content, 24)
            return (high << 16 | low) + 1, (high_of_height << 16 | low_of_height) + 1
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", content, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", content, 26)
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no picture")


FORMATS: tuple[tuple[str, bytes, Callable[[bytes], Size]], ...] = (
    ("image/png", b"\x89PNG\r\n\x1a\n", _png),
    ("image/jpeg", b"\xff\xd8\xff", _jpeg),
    ("image/gif", b"GIF87a", _gif),
    ("image/gif", b"GIF89a", _gif),
    ("image/webp", b"RIFF", _webp),
)
