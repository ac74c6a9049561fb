"""Where a warning or an error of a preparation is put right."""

from collections.abc import Iterable

from django.urls import reverse

from deliveries import content, content_pages, outside_checks, preparation
from deliveries.models import Delivery, Level, PreparationLog
from landingpages.models import LandingPage

# Line -> the field of the delivery's form; everything else is put right in its content.
FIELDS = {
    content.NO_SERVICE: "subscribers",
    "The sender address is missing.": "sender_email",
    content.FOREIGN_SENDER: "sender_email",
    "The sender %(address)s is not authorised (SENDER_MASKS).": "sender_email",
    "The subject is empty.": "subject",
    content_pages.PAGE_FAULTS["preference_page"][0]: "preference_page",
    content_pages.PAGE_FAULTS["blocklist_page"][0]: "blocklist_page",
}
PARTS = {"subject": "subject", "sender name": "sender_name"}
# The installation's settings, which no page changes; and what sums the others up.
WITHOUT = {content.NO_POSTAL_ADDRESS, outside_checks.UNREACHABLE, outside_checks.WRONG, *preparation.SUMMARIES}


def with_remedies(lines: Iterable[PreparationLog], delivery: Delivery) -> list[tuple[PreparationLog, str]]:
    """Each line with the address of what to correct; empty where nothing is wrong, or no page puts it right."""
    shown = list(lines)
    slugs = {line.values.get("page", "") for line in shown if line.text in content_pages.OFFLINE}
    pages = dict(LandingPage.objects.filter(slug__in=slugs).values_list("slug", "pk")) if slugs else {}
    return [(line, _remedy(line, delivery, pages)) for line in shown]


def _remedy(line: PreparationLog, delivery: Delivery, pages: dict[str, int]) -> str:
    if line.level == Level.INFORMATION or line.text in WITHOUT:
        return ""
    if line.text in content_pages.OFFLINE and (page := pages.get(line.values.get("page", ""))):
        return reverse("landingpages:publish", args=[page])
    if line.text == content_pages.NO_CENTRE:
        return reverse("landingpages:centre")
    if not delivery.is_editable:
        return ""
    field = FIELDS.get(line.text) or PARTS.get(line.values.get("part", ""))
    if field:
        return reverse("deliveries:edit", args=[delivery.pk]) + f"#id_{field}"
    return reverse("deliveries:content", args=[delivery.pk])
