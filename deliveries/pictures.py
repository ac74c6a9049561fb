"""Which pictures of our media the contents of deliveries show: they stay as long as the delivery, because mails stay."""

import re

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from deliveries.models import Delivery
from landingpages.models import Image

DIGEST = re.compile(r"/media/([0-9a-f]{64})\b")


def address(image: Image) -> str:
    """Where a mail finds the picture."""
    return settings.PUBLIC_URL + reverse("pages:image", args=[image.digest])


def hold(delivery: Delivery) -> None:
    """Keep what the content shows, however it came there; what it has shown before stays too."""
    delivery.images.add(*Image.objects.filter(digest__in=set(DIGEST.findall(delivery.html))))


def held() -> QuerySet[Image]:
    """What no clean-up may take away."""
    through = Delivery.images.through
    return Image.objects.filter(pk__in=through.objects.values("image"))


def here(html: str) -> str:
    """The HTML with our own pictures from the server in hand, which may have another name than recipients use."""
    return html.replace(f"{settings.PUBLIC_URL}/media/", "/media/")
