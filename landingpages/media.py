"""Pictures of our own media: what is taken, how it is kept, and when it is forgotten."""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.files.base import File
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.models import Image
from profiles.actors import actor

BYTES = 2 * 2**20  # of one picture
PIXELS = 6000  # of its width, and of its height
FORGOTTEN_AFTER = timedelta(days=1)  # a picture that nothing shows
HELP = gettext_lazy("PNG, JPEG, GIF or WebP, at most 2 MB and 6,000 × 6,000 pixels.")
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
Size = tuple[int, int]


class Refused(ValueError):
    """The file is no picture that we take; the message says why, for the operator."""


@dataclass(frozen=True)
class Measured:
    """A picture by what its bytes say, whatever its name or its sender says."""

    content: bytes
    type: str
    width: int
    height: int


def measure(upload: File) -> Measured:
    """Read the picture; Refused for anything else, SVG included: it is a document that runs scripts."""
    upload.seek(0)
    content = upload.read(BYTES + 1)
    if len(content) > BYTES:
        raise Refused(_("The picture is larger than 2 MB."))
    for kind, start, sizes in FORMATS:
        if content.startswith(start):
            try:
                width, height = sizes(content)
            except (struct.error, IndexError, ValueError) as error:
                raise Refused(_("The picture is damaged.")) from error
            if not 0 < width <= PIXELS or not 0 < height <= PIXELS:
                raise Refused(_("The picture has more than 6,000 pixels on a side, or none."))
            return Measured(content, kind, width, height)
    raise Refused(_("This is no PNG, JPEG, GIF or WebP picture."))


def keep(upload: File, *, by: AbstractUser | str) -> Image:
    """The stored picture; the same bytes are stored once."""
    measured = measure(upload)
    values: dict[str, Any] = {
        "content": measured.content,
        "type": measured.type,
        "width": measured.width,
        "height": measured.height,
        "name": (upload.name or "")[-128:],
        "uploaded_by": actor(by),
    }
    image, is_new = Image.objects.get_or_create(digest=hashlib.sha256(measured.content).hexdigest(), defaults=values)
    if not is_new:  # it begins its day anew
        Image.objects.filter(pk=image.pk).update(uploaded_at=timezone.now())
    return image


def forget_unused() -> int:
    """Delete the pictures that no version, no block and no publication that waits has shown for a day; how many."""
    unused = Image.objects.filter(versions=None, blocks=None, waiting=None, uploaded_at__lt=timezone.now() - FORGOTTEN_AFTER)
    deleted, _per_model = unused.delete()
    return deleted


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
    if content[8:12] != b"WEBP" or len(content) < 30:
        raise ValueError("another RIFF")
    match content[12:16]:
        case b"VP8X":
            return _three(content, 24) + 1, _three(content, 27) + 1
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", content, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", content, 26)
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no picture")


def _three(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 3], "little")


FORMATS: tuple[tuple[str, bytes, Callable[[bytes], Size]], ...] = (
    ("image/png", b"\x89PNG\r\n\x1a\n", _png),
    ("image/jpeg", b"\xff\xd8\xff", _jpeg),
    ("image/gif", b"GIF87a", _gif),
    ("image/gif", b"GIF89a", _gif),
    ("image/webp", b"RIFF", _webp),
)
