"""The landing pages that a delivery links to, and their links in its messages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from landingpages import memberships
from landingpages.models import PREFERENCE_TYPES, LandingPage, PageStatus, PageType
from profiles.links import Purpose, make_token
from profiles.models import Profile

# Column of the delivery, which the pinned content has too -> which pages may stand there.
PAGE_TYPES: dict[str, tuple[PageType, ...]] = {"preference_page": PREFERENCE_TYPES, "blocklist_page": (PageType.BLOCKLIST,)}


def defaults() -> dict[str, LandingPage | None]:
    """What a new delivery links to: the default page of each type, where visitors can open it."""
    marked = LandingPage.objects.filter(is_default=True, status=PageStatus.ONLINE).select_related("version")
    opened = [page for page in marked if is_open(page)]
    return {column: next((page for page in opened if page.type in kinds), None) for column, kinds in PAGE_TYPES.items()}


def centre() -> LandingPage | None:
    """The preference centre, if visitors can open it now."""
    page = LandingPage.objects.filter(type=PageType.PREFERENCES).select_related("version").first()
    return page if page and is_open(page) else None


def default_of(service_id: int, kind: PageType) -> LandingPage | None:
    """The page that says that it is this service's default for subscribing or unsubscribing, if visitors can open it now.

    Without one of its own, the default page of the type that serves several services, if this is one of them.
    """
    marked = LandingPage.objects.filter(type=kind, is_default=True).select_related("version")
    own = marked.filter(service=service_id).first()
    page = own or marked.filter(service_from_url=True).first()
    return page if page and is_open(page) and _is_about(page, service_id) else None


def _is_about(page: LandingPage, service_id: int) -> bool:
    """Whether what is published is about the service too: what is edited may be ahead of it."""
    content = page.version.content if page.version else None
    return content is not None and (
        memberships.own_service(content) == service_id or bool(memberships.name_of(content, service_id))
    )


def is_open(page: LandingPage) -> bool:
    """Whether a visitor who comes now sees the form; expired pages are closed by the worker a little later."""
    if page.status != PageStatus.ONLINE or page.version is None:
        return False
    expires_at = page.version.content["settings"]["expires_at"]
    return expires_at is None or datetime.fromisoformat(expires_at) > timezone.now()


def find_open(page_id: int) -> LandingPage | None:
    """The page, if visitors can open it now."""
    page = LandingPage.objects.filter(pk=page_id).select_related("version").first()
    return page if page and is_open(page) else None


def open_slugs(slugs: Iterable[str]) -> set[str]:
    """Those of the addresses at which visitors can open a page now."""
    online = LandingPage.objects.filter(status=PageStatus.ONLINE, version__content__slug__in=list(slugs))
    return {page.version.content["slug"] for page in online.select_related("version") if page.version and is_open(page)}


def pin(page: LandingPage | None, service_id: int = 0) -> dict[str, Any] | None:
    """What a link needs, as published; where nothing is published yet, as edited.

    Of a page that serves several services the link names one of them.
    """
    if page is None:
        return None
    name = memberships.name_of(page.version.content, service_id) if page.version else ""
    named = {"service": name} if name else {}
    return {"id": page.pk, "slug": page.version.content["slug"] if page.version else page.slug, **named}


def url(pinned: dict[str, Any], profile: Profile, delivery: int = 0) -> str:
    """The page as one person. It carries no address."""
    token = make_token(Purpose.PAGE, profile.public_id, delivery=delivery, page=pinned["id"])
    return f"{settings.PUBLIC_URL}/lp/{pinned['slug']}/{token}{query(pinned)}"


def query(pinned: dict[str, Any]) -> str:
    """What the address of a page ends with that serves several services."""
    return f"?{memberships.SERVICE}={pinned['service']}" if pinned.get("service") else ""
