"""The message as it will be on the wire, with links that write nothing: for previews and proofs (design decision 22)."""

import uuid
from typing import Any

from django.conf import settings

from deliveries import merging, pagelinks, returnpath
from deliveries.models import Delivery, Preparation, TrackedLink
from deliveries.rendering import Renderer, draft
from profiles.links import Purpose, make_token
from profiles.models import Profile

NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"  # a picture that nobody is asked for
NOBODY = uuid.UUID(int=0)


def content_of(delivery: Delivery) -> dict[str, Any]:
    """What would be sent now: pinned by the valid preparation, otherwise as it stands. Nothing is stored."""
    pinned: dict[str, Any] | None = delivery.preparation.content if delivery.preparation else None
    return pinned or draft(delivery)


class HarmlessRenderer(Renderer):
    """The links carry a purpose of their own and nobody's id: whoever gets them opens nothing that is about somebody.

    Tracked links lead straight to where they lead in the end, so nothing is noted.
    """

    def __init__(self, content: dict[str, Any], *, prefix: str = "", name: str = "preview") -> None:
        super().__init__(Preparation(content=content))
        self.prefix = prefix
        self.name = name
        wanted = content.get("tracked_links", ())
        self.targets = dict(TrackedLink.objects.filter(pk__in=wanted).values_list("pk", "url")) if wanted else {}

    def links(self, profile: Profile) -> dict[str, str]:
        one_click = self._link("/u")
        pages = {field: self.content.get(name) for field, name in merging.PAGES.items()} | {
            merging.CENTRE: self.content.get("centre")
        }
        links = {field: self._page(page) if page else "" for field, page in pages.items()}
        own = self.content.get("service_page")
        return links | {merging.UNSUBSCRIBE: one_click, merging.SERVICE_UNSUBSCRIBE: self._page(own) if own else one_click}

    def tracked(self, profile: Profile) -> dict[str, str]:
        return {f"click_{number}": url for number, url in self.targets.items()} | {"open": NOTHING}

    def message_id(self, profile: Profile) -> str:
        return f"<{self.name}.{self.content['delivery']}@{self.domain}>"

    def return_path(self, profile: Profile) -> str:
        return returnpath.bare()

    def _page(self, pinned: dict[str, Any]) -> str:
        return self._link(f"/lp/{pinned['slug']}", pinned["id"]) + pagelinks.query(pinned)

    def _link(self, path: str, page: int = 0) -> str:
        token = make_token(Purpose.PROOF, NOBODY, delivery=self.content["delivery"], page=page)
        return f"{settings.PUBLIC_URL}{path}/{token}"
