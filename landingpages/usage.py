"""Where a page is used: what stops working when it goes. Apps above say theirs through USERS, filled in AppConfig.ready()."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from landingpages.models import LandingPage, PageStatus
from landingpages.page_checks import links_of, own_slug
from landingpages.parts import every_block
from landingpages.showing import linked_pages
from profiles.models import Service

SHOWN = 20  # of each kind, by name


@dataclass(frozen=True)
class Use:
    """One thing that leads to the page."""

    label: str
    url: str
    detail: Any = ""


@dataclass(frozen=True)
class Uses:
    """All things of one kind: how many in words, the first of them by name, and what else there is to say."""

    title: Any
    count: int
    summary: str
    first: list[Use] = field(default_factory=list)
    consequence: str = ""


USERS: list[Callable[[LandingPage], Iterator[Uses]]] = []


def uses(page: LandingPage) -> list[Uses]:
    """Everything that leads to the page, kind by kind; empty where nothing does."""
    return [found for user in (_service, _pages, *USERS) for found in user(page) if found.count]


def _service(page: LandingPage) -> Iterator[Uses]:
    named = [*page.served.values(), *([page.service_id] if page.service_id else [])]
    services = Service.objects.in_bulk(named) if page.is_default else {}
    if services:
        first = [
            Use(one.label, reverse("admin:profiles_service_change", args=[one.pk]), page.get_type_display())
            for one in services.values()
        ]
        summary = ngettext("Default page of %(count)s service", "Default page of %(count)s services", len(first))
        told = _("Links of their subscribers fall back to the ordinary unsubscription page.")
        yield Uses(_("Services"), len(first), summary % {"count": len(first)}, first[:SHOWN], told)
    elif page.is_default:
        told = _("New deliveries link to no page of this type until you choose another default.")
        yield Uses(_("New deliveries"), 1, _("Default page for new deliveries"), [], told)


def _pages(page: LandingPage) -> Iterator[Uses]:
    found = [
        Use(other.label, reverse("landingpages:build", args=[other.pk]), other.get_status_display()) for other in linking_to(page)
    ]
    summary = ngettext("%(count)s landing page links here", "%(count)s landing pages link here", len(found))
    yield Uses(_("Landing pages"), len(found), summary % {"count": len(found)}, found[:SHOWN])


def linking_to(page: LandingPage) -> list[LandingPage]:
    """The other pages that visitors can open, and whose text, buttons or redirection lead to this one."""
    slug = page.version.content["slug"] if page.version else page.slug
    online = LandingPage.objects.exclude(pk=page.pk).filter(status=PageStatus.ONLINE).select_related("version")
    return [other for other in online if other.version and leads_to(other.version.content, page.pk, slug)]


def leads_to(content: dict[str, Any], page_id: int, slug: str) -> bool:
    """Whether a page with this content links to the page with this id and address."""
    blocks = list(every_block(content))
    links = [content["settings"]["redirection_url"], *(url for block in blocks for url in links_of(block))]
    return slug in {own_slug(url) for url in links} or any(page_id in linked_pages(block) for block in blocks)
