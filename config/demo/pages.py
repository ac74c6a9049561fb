"""The two landing pages of the demo data: online in both languages, and the default of every new delivery."""

from django.contrib.auth.models import AbstractUser

from deliveries import pagelinks
from landingpages import editing, publishing, templates_builtin
from landingpages.models import LandingPage, PageType

# Type -> name for the operators, address
PAGES = {PageType.ACQUISITION: ("Your preferences", "preferences"), PageType.BLOCKLIST: ("Nothing any more", "nothing-any-more")}


def publish(manager: AbstractUser) -> dict[str, LandingPage]:
    """Both pages, by the column of the delivery that they stand in."""
    made = {kind: _page(kind, *named, manager) for kind, named in PAGES.items()}
    return {column: made[kind] for column, kind in pagelinks.PAGE_TYPES.items()}


def _page(kind: PageType, label: str, slug: str, manager: AbstractUser) -> LandingPage:
    page = templates_builtin.create_page(kind, label=label, slug=slug, by=manager)
    editing.change_page(page, {"is_default": True}, by=manager)
    publishing.publish(page, by=manager)
    return page
