"""The landing pages of the demo data, online in both languages: defaults of every new delivery, and of a service."""

from django.contrib.auth.models import AbstractUser

from deliveries import pagelinks
from landingpages import editing, publishing, templates_builtin
from landingpages.models import LandingPage, PageType
from profiles.models import Service

# Type -> name for the operators, address
PAGES = {PageType.ACQUISITION: ("Your preferences", "preferences"), PageType.BLOCKLIST: ("Nothing any more", "nothing-any-more")}

SERVICE_PAGES = {
    PageType.SUBSCRIPTION: ("Subscribe to the Thursday letter", "thursday-letter"),
    PageType.UNSUBSCRIPTION: ("Leave the Thursday letter", "leave-the-thursday-letter"),
}


def publish(manager: AbstractUser) -> dict[str, LandingPage]:
    """Both pages, by the column of the delivery that they stand in."""
    made = {kind: _page(kind, *named, manager) for kind, named in PAGES.items()}
    return {column: made[kind] for column, kinds in pagelinks.PAGE_TYPES.items() for kind in kinds if kind in made}


def publish_for(service: Service, manager: AbstractUser) -> None:
    """The default pages for subscribing to a service and for leaving it."""
    for kind, named in SERVICE_PAGES.items():
        _page(kind, *named, manager, service)


def _page(kind: PageType, label: str, slug: str, manager: AbstractUser, service: Service | None = None) -> LandingPage:
    template = templates_builtin.CHANNELS if kind == PageType.ACQUISITION else kind
    page = templates_builtin.create_page(template, label=label, slug=slug, by=manager, service=service)
    editing.change_page(page, {"is_default": True}, by=manager)
    publishing.publish(page, by=manager)
    return page
