"""Who opens which page: the published version behind an address, and the profile behind a genuine link."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from landingpages import centre, jobs, memberships, opening
from landingpages.blocks import FIELDS
from landingpages.forms import bound_blocks
from landingpages.job_models import SERVICE_ACTIONS, SpecificAction
from landingpages.models import LandingPage, PageStatus, PageType, PublishedVersion
from landingpages.publishing import is_expired
from profiles import aliases, disputing, links
from profiles.links import InvalidLink, Link, Purpose
from profiles.models import ConsentEvent, Profile, Service, Source

V = TypeVar("V", bound="Visit")


@dataclass(frozen=True)
class Visit:
    """A version as one visitor meets it. Without a link, or with one that is not genuine, nobody is known."""

    page: LandingPage
    version: PublishedVersion
    link: Link | None = None
    profile: Profile | None = None
    service_name: str = ""  # from the query, for a page that serves several
    own: dict[str, Any] | None = None  # the content of the preference centre as this visitor sees it

    @cached_property
    def content(self) -> dict[str, Any]:
        """What the version froze, about the service that the visitor came for."""
        return self.own or memberships.resolved(self.version.content, self.service_name)

    @property
    def names_no_service(self) -> bool:
        """Whether the page serves several services and the visitor came for none of them."""
        return jobs.names_services(self.content) and self.service is None

    @property
    def slug(self) -> str:
        return str(self.content["slug"])

    def address(self, name: str) -> str:
        """Where the forms and links of the page lead."""
        return reverse(f"pages:{name}", args=[self.slug])

    @property
    def languages(self) -> list[str]:
        return self.content["languages"] or [settings.LANGUAGE_CODE]

    @cached_property
    def is_open(self) -> bool:
        is_about_one = jobs.action(self.content) in SERVICE_ACTIONS and not jobs.names_services(self.content)
        if is_about_one and self.service is None:
            return False  # it was deleted
        return self.page.status == PageStatus.ONLINE and not is_expired(self.version)

    @property
    def is_centre(self) -> bool:
        return bool(self.content["type"] == PageType.PREFERENCES)

    @property
    def is_blocklist(self) -> bool:
        return jobs.action(self.content) == SpecificAction.BLOCKLIST

    @property
    def stops_by_its_button(self) -> bool:
        """Whether its button alone stops something."""
        return jobs.action(self.content) in (SpecificAction.BLOCKLIST, SpecificAction.UNSUBSCRIPTION)

    @cached_property
    def services(self) -> dict[int, Service]:
        """The services that the page is about."""
        return memberships.load(self.content)

    @property
    def service(self) -> Service | None:
        """The service that the button of the page is about."""
        return self.services.get(memberships.own_service(self.content))

    @property
    def takes_nobody(self) -> bool:
        """Whether the page subscribes to a service that has not begun, or has ended."""
        is_subscription = jobs.action(self.content) == SpecificAction.SUBSCRIPTION
        return is_subscription and self.service is not None and not self.service.takes_subscriptions()

    @property
    def acts_on_arrival(self) -> bool:
        return self.is_blocklist and bool(self.content["settings"]["acts_on_arrival"])

    @property
    def is_fresh(self) -> bool:
        """Whether the link may still show and change what is stored; later it only tightens (design decision 6)."""
        is_young = self.link is not None and self.link.issued_at + links.SEEING >= timezone.now()
        return is_young and not self.is_frozen

    @cached_property
    def is_frozen(self) -> bool:
        """Whether a former address said that a change of address was not its doing: links only tighten then."""
        return self.profile is not None and disputing.is_frozen(self.profile)

    @cached_property
    def scopes(self) -> list[str]:
        """The opt-out boxes that the version binds, in its order."""
        bound = (FIELDS.get(block["field"]) for block in self.content["blocks"])
        return list(dict.fromkeys(field.scope for field in bound if field and field.scope))


def find(slug: str, token: str = "", service: str = "") -> Visit | None:
    """The visit; None where nothing was ever published at this address. Bad tokens are as good as none.

    `service` is the name of the one that a page of several is opened for.
    """
    link = _read(token)
    visit = _as_ever(slug, link, service) or _found(slug, link, service)
    return with_own_services(visit) if visit and visit.is_centre else visit


def _as_ever(slug: str, link: Link | None, service: str) -> Visit | None:
    """Nearly every link: to a page that has kept its address, of a profile that was not merged."""
    opened = opening.by_link(link) if link else None
    if opened is None or opened.profile is None or opened.version.content["slug"] != slug:
        return None
    return Visit(opened.page, opened.version, link, opened.profile, service)


def _found(slug: str, link: Link | None, service: str) -> Visit | None:
    page = _page(slug, link)
    if page is None or page.version is None:
        return None
    profile = aliases.by_public_id(link.public_id) if link and link.page == page.pk else None
    return Visit(page, page.version, link if profile else None, profile, service)


def with_own_services(visit: V) -> V:
    """The preference centre with the services that this visitor may choose from; an old link shows none that she holds."""
    services, held = memberships.load(visit.content), None
    if visit.profile and visit.is_fresh and visit.is_open:
        held = memberships.current(visit.profile, services)
    return replace(visit, own=centre.for_visitor(visit.content, services, held))


def as_shown(visit: Visit, number: str, boxes: str = "") -> Visit | None:
    """The visit to the version that the sent form showed: its wording is what the person agreed to.

    None where nothing says which, and where it has a field that visitors may not fill in any more. Of the preference centre
    the form says beside which services it showed (`boxes`).
    """
    answers = _answers(visit.content)
    if not number and not answers:
        return visit  # one button, and no box that could be misread
    version = _version(visit, number)
    if version is None:
        return None
    own = centre.as_sent(version.content, boxes, memberships.service_ids(visit.content)) if visit.is_centre else None
    if (visit.is_centre and own is None) or not _answers(own or version.content) <= answers:
        return None
    return replace(visit, version=version, own=own)


def _version(visit: Visit, number: str) -> PublishedVersion | None:
    if number == str(visit.version.number):
        return visit.version
    known = number.isascii() and number.isdecimal()
    return PublishedVersion.objects.filter(page=visit.page, number=int(number[:9])).first() if known else None


def _answers(content: dict[str, Any]) -> set[str]:
    """What visitors fill in: the fields of inputs, and the services of boxes."""
    boxes = {memberships.key(block["service_id"]) for block in memberships.boxes(content)}
    return boxes | {block["field"] for block in bound_blocks(content)}


def can_undo(visit: Visit) -> bool:
    """Whether "any channel" was ticked by the arrival of this very link's holder, and not longer ago than may be undone."""
    if visit.profile is None or visit.link is None:
        return False
    last = ConsentEvent.objects.filter(profile=visit.profile, scope="all").order_by("-pk").first()
    since = timezone.now() - timedelta(minutes=settings.PAGE_UNDO_MINUTES)
    if last is None or not last.after or last.source != Source.PAGE_OPENED or last.at < since:
        return False
    versions = PublishedVersion.objects.filter(page=visit.page, pk=last.page_version_id or 0)
    return (last.delivery_id or 0) == visit.link.delivery and versions.exists()


def _read(token: str) -> Link | None:
    try:
        return links.read_token(token, Purpose.PAGE)
    except InvalidLink:
        return None


def _page(slug: str, link: Link | None) -> LandingPage | None:
    """The page that is, or was last, published at the address. A link opens its page at every address that it ever had."""
    pages = LandingPage.objects.select_related("version")
    if link and PublishedVersion.objects.filter(page=link.page, content__slug=slug).exists():
        return pages.get(pk=link.page)
    published = pages.filter(version__content__slug=slug)
    return min(published, key=lambda page: (page.status != PageStatus.ONLINE, -page.pk), default=None)
