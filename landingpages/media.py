"""Pictures of our own media: what is taken, how it is kept, and when it is forgotten."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.files.base import File
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.models import Image
from profiles import pictures
from profiles.actors import actor
from profiles.pictures import DamagedPicture, Measured, NoPicture

BYTES = 2 * 2**20  # of one picture
PIXELS = 6000  # of its width, and of its height
FORGOTTEN_AFTER = timedelta(days=1)  # a picture that nothing shows
HELP = gettext_lazy("PNG, JPEG, GIF or WebP, at most 2 MB and 6,000 × 6,000 pixels.")
# What else shows pictures: each gives those that it needs. Apps above landing pages add theirs.
HOLDERS: list[Callable[[], QuerySet[Image]]] = []
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


class Refused(ValueError):
    """The file is no picture that we take; the message says why, for the operator."""


def read(upload: File) -> tuple[bytes, Measured]:
    """The bytes of the picture, and what they are; Refused for anything else."""
    upload.seek(0)
    content = upload.read(BYTES + 1)
    if len(content) > BYTES:
        raise Refused(_("The picture is larger than 2 MB."))
    try:
        measured = pictures.measure(content)
    except DamagedPicture as error:
        raise Refused(_("The picture is damaged.")) from error
    except NoPicture as error:
        raise Refused(_("This is no PNG, JPEG, GIF or WebP picture.")) from error
    if not 0 < measured.width <= PIXELS or not 0 < measured.height <= PIXELS:
        raise Refused(_("The picture has more than 6,000 pixels on a side, or none."))
    return content, measured


def keep(upload: File, *, by: AbstractUser | str) -> Image:
    """The stored picture; the same bytes are stored once."""
    content, measured = read(upload)
    values: dict[str, Any] = {
        **measured._asdict(),
        "content": content,
        "name": (upload.name or "")[-128:],
        "uploaded_by": actor(by),
    }
    image, is_new = Image.objects.get_or_create(digest=hashlib.sha256(content).hexdigest(), defaults=values)
    if not is_new:  # it begins its day anew
        Image.objects.filter(pk=image.pk).update(uploaded_at=timezone.now())
    return image


def forget_unused() -> int:
    """Delete the pictures that no version, block, publication that waits or holder has shown for a day; how many."""
    unused = Image.objects.filter(versions=None, blocks=None, waiting=None, uploaded_at__lt=timezone.now() - FORGOTTEN_AFTER)
    for held in HOLDERS:
        unused = unused.exclude(pk__in=held().values("pk"))
    deleted, _per_model = unused.delete()
    return deleted
