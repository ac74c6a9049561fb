"""Which pictures of our media the contents of deliveries show: they stay as long as the delivery, because mails stay."""

import re

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from deliveries.models import Delivery, DeliveryImage
from landingpages.models import Image

DIGEST = re.compile(r"/media/([0-9a-f]{64})\b")


def address(image: Image) -> str:
    """Where a mail finds the picture."""
    return settings.PUBLIC_URL + reverse("pages:image", args=[image.digest])


def keep(delivery: Delivery, *images: Image) -> None:
    """Have the pictures stay with the delivery."""
    rows = [DeliveryImage(delivery=delivery, image=image) for image in images]
    DeliveryImage.objects.bulk_create(rows, ignore_conflicts=True)


def hold(delivery: Delivery) -> None:
    """Keep what the content shows, however it came there; what it has shown before stays too."""
    keep(delivery, *Image.objects.filter(digest__in=set(DIGEST.findall(delivery.html))).defer("content"))


def of(delivery: Delivery) -> list[Image]:
    """The pictures of the delivery, the last ones first."""
    rows = DeliveryImage.objects.filter(delivery=delivery).select_related("image").defer("image__content")
    return [row.image for row in rows]


def held() -> QuerySet[Image]:
    """What no clean-up may take away."""
    return Image.objects.filter(pk__in=DeliveryImage.objects.values("image"))


def here(html: str) -> str:
    """The HTML with our own pictures from the server in hand, which may have another name than recipients use."""
    return html.replace(f"{settings.PUBLIC_URL}/media/", "/media/")
