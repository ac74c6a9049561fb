"""Images that operators upload as a logo: what they are is read from the file, never from its name."""

import hashlib

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from profiles import pictures
from profiles.models import Logo
from profiles.pictures import NoPicture

BYTES = 200 * 1024
PIXELS = 2000  # of the longer side
TYPES = ("image/png", "image/jpeg", "image/webp")


def read(data: bytes) -> Logo:
    """The logo in these bytes, not stored; ValidationError for what is no PNG, JPEG or WebP, or too large.

    SVG is refused: it can hold a script.
    """
    if len(data) > BYTES:
        raise ValidationError(_("The image has more than 200 KB: save it smaller."))
    try:
        media_type, width, height = pictures.measure(data)
    except NoPicture as error:
        raise _unusable() from error
    if media_type not in TYPES:
        raise _unusable()
    if not 0 < max(width, height) <= PIXELS or not min(width, height):
        raise ValidationError(_("The image is larger than 2000 pixels: save it smaller."))
    return Logo(digest=hashlib.sha256(data).hexdigest(), media_type=media_type, width=width, height=height, data=data)


def store(logo: Logo) -> Logo:
    """The stored logo; the same image is stored once."""
    values = {"media_type": logo.media_type, "width": logo.width, "height": logo.height, "data": logo.data}
    return Logo.objects.get_or_create(digest=logo.digest, defaults=values)[0]


def _unusable() -> ValidationError:
    return ValidationError(_("This is no image that can be used: choose a PNG, JPEG or WebP file."))
