"""Publish a page: visitors see frozen versions, never what is being edited."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import jobs, memberships
from landingpages.checking import Check, Level, checks
from landingpages.editing import EditConflict, revised
from landingpages.models import Block, Image, LandingPage, PageStatus, Part, PublishedVersion, ScheduledPublication, SharedBlock
from landingpages.parts import blocks_of, every_block
from landingpages.snapshots import SETTINGS, differences, snapshot
from profiles import brands
from profiles.actors import actor
from profiles.models import Brand

__all__ = [
    "Check",
    "InvalidPublication",
    "Level",
    "changes_not_published",
    "checks",
    "close_expired",
    "is_expired",
    "locked",
    "publish",
    "put_online",
    "refuse",
    "restore",
    "snapshot",
    "unpublish",
]


RESTORED = ("key", "kind", "field", "is_positive", "is_mandatory", "texts")  # of a block; what is frozen beside follows
ADDED = ("options", "visible_when")  # only where they say something


class InvalidPublication(Exception):
    """Nothing was published, closed or restored; the message says why, for the operator."""


def publish(page: LandingPage, *, by: AbstractUser | str, revision: int | None = None) -> PublishedVersion:
    """Freeze the page as a new version and put it online; until that is committed the former version stays online.

    A publication that was waiting is dropped: it was about something older. Raises InvalidPublication where a check is
    an error or nothing changed, EditConflict where the page is no longer the revision that was shown (that of the page
    in hand).
    """
    with transaction.atomic():
        current = locked(page, page.revision if revision is None else revision)
        refuse(current)
        version = put_online(current, snapshot(current), by=actor(by))
    page.version, page.status = version, PageStatus.ONLINE
    return version


def put_online(page: LandingPage, content: dict[str, Any], *, by: str) -> PublishedVersion:
    """Make the content the next version of a page that the caller has locked; InvalidPublication where an error stops it."""
    refuse_errors(checks(page, content))
    last = PublishedVersion.objects.filter(page=page).aggregate(last=Max("number"))["last"] or 0
    version = PublishedVersion.objects.create(
        page=page, number=last + 1, content=content, published_at=timezone.now(), published_by=by
    )
    version.images.set(images_of(content))
    ScheduledPublication.objects.filter(page=page).delete()
    LandingPage.objects.filter(pk=page.pk).update(version=version, status=PageStatus.ONLINE)
    return version


def images_of(content: dict[str, Any]) -> set[int]:
    """The pictures that the content shows; who keeps the content holds them."""
    return {block["image_id"] for block in every_block(content) if block.get("image_id")}


def refuse(page: LandingPage, *, at: datetime | None = None) -> None:
    """InvalidPublication where the page as it is edited cannot go online now, or at this moment."""
    if page.is_template:
        raise InvalidPublication(_("A template is never published: make a page of it first."))
    if page.archived_at:
        raise InvalidPublication(_("The page is archived: bring it back to the list first."))
    refuse_errors(checks(page, at=at))
    if page.status == PageStatus.ONLINE and not changes_not_published(page):
        raise InvalidPublication(_("Nothing has changed since the page was published."))


def refuse_errors(found: Iterable[Check]) -> None:
    """InvalidPublication that tells each error once."""
    if problems := [check.text for check in found if check.level == Level.ERROR]:
        raise InvalidPublication(
            _("The page cannot be published: %(problems)s") % {"problems": " ".join(dict.fromkeys(problems))}
        )


def unpublish(page: LandingPage, *, by: AbstractUser | str) -> None:
    """Close the page for visitors at once and drop a publication that waits; InvalidPublication where it is not online."""
    values: dict[str, Any] = {"status": PageStatus.CLOSED, "modified_by": actor(by), "modified_at": timezone.now()}
    with transaction.atomic():
        if not LandingPage.objects.filter(pk=page.pk, status=PageStatus.ONLINE).update(**values):
            raise InvalidPublication(_("The page is not online."))
        ScheduledPublication.objects.filter(page=page).delete()
    for name, value in values.items():
        setattr(page, name, value)


def close_expired() -> int:
    """Close the online pages whose published expiration has passed (reference 3.3.7); how many that were."""
    online = LandingPage.objects.filter(status=PageStatus.ONLINE)
    expired = [page.version for page in online.select_related("version") if page.version and is_expired(page.version)]
    # By version: a page that is published anew meanwhile stays online.
    return online.filter(version__in=expired).update(status=PageStatus.CLOSED) if expired else 0


def is_expired(version: PublishedVersion) -> bool:
    """Whether the expiration that was published with this version has passed."""
    expires_at = version.content["settings"]["expires_at"]
    return expires_at is not None and datetime.fromisoformat(expires_at) <= timezone.now()


def restore(page: LandingPage, version: PublishedVersion, *, by: AbstractUser | str, revision: int | None = None) -> None:
    """Bring blocks, texts, settings, label and address of a version back into the edited page; visitors see no change.

    The blocks are new rows with the keys that they had. Raises EditConflict, and InvalidPublication where the version
    is another page's or its address belongs to another page by now.
    """
    if version.page_id != page.pk:
        raise InvalidPublication(_("This version belongs to another page."))
    content = version.content
    # Versions of former releases lack what came later.
    values = {name: jobs.setting(content, name) for name in SETTINGS if name in content["settings"] or jobs.has_former(name)}
    values |= {name: content[name] for name in ("slug", "label")} | _known_service(page, content)
    values["embed_origins"] = values.get("embed_origins") or []
    if values["expires_at"]:
        values["expires_at"] = datetime.fromisoformat(values["expires_at"])
    values |= _known_brand(content)
    known = _Known(content)
    try:
        with revised(page, by=by, revision=revision):
            LandingPage.objects.filter(pk=page.pk).update(**values)
            page.every_block.all().delete()
            Block.objects.bulk_create(
                Block(page=page, part=part, position=position, **known.values(block))
                for part in Part
                for position, block in enumerate(blocks_of(content, part), 1)
            )
    except IntegrityError as error:
        raise InvalidPublication(
            _("Another page has the address %(slug)s by now: change that one first.") % {"slug": content["slug"]}
        ) from error
    page.refresh_from_db()


def _known_service(page: LandingPage, content: dict[str, Any]) -> dict[str, Any]:
    """The service of the version, if it was not deleted since; with another service a page is nobody's default."""
    service_id = content["settings"].get("service_id")
    found = service_id if service_id in memberships.load(content) else None
    is_same = found == page.service_id and jobs.names_services(content) == page.service_from_url
    return {"service_id": found, "is_default": page.is_default and is_same}


class _Known:
    """What blocks of a version point at and still exists; the rest is left empty, and the checks ask for it."""

    def __init__(self, content: dict[str, Any]) -> None:
        every = list(every_block(content))
        self.services = memberships.load(content)
        self.shared = SharedBlock.objects.in_bulk([block["shared_id"] for block in every if block.get("shared_id")])
        self.images = Image.objects.defer("content").in_bulk([block["image_id"] for block in every if block.get("image_id")])

    def values(self, block: dict[str, Any]) -> dict[str, Any]:
        """The columns of a block as the version froze it."""
        found: dict[str, Mapping[int, Any]] = {"service_id": self.services, "shared_id": self.shared, "image_id": self.images}
        pointers = {name: block.get(name) if block.get(name) in known else None for name, known in found.items()}
        return {name: block[name] for name in RESTORED} | {name: block.get(name, {}) for name in ADDED} | pointers


def _known_brand(content: dict[str, Any]) -> dict[str, Any]:
    """The brand that was chosen for the version, if it was not deleted since."""
    chosen = (content.get("brand") or {}).get("chosen")
    return {"brand_id": chosen} if chosen and Brand.objects.filter(pk=chosen).exists() else {"brand_id": None}


def changes_not_published(page: LandingPage, default: brands.Default | None = None) -> int:
    """How many changes visitors do not see yet; for a page that was never published, the number of its blocks."""
    if page.version is None:
        return page.blocks.count()
    return differences(page.version.content, snapshot(page, default))


def locked(page: LandingPage, revision: int) -> LandingPage:
    """The stored page, held until the transaction ends; EditConflict if it is not this revision."""
    current = LandingPage.objects.select_for_update(no_key=True).get(pk=page.pk)
    if current.revision != revision:
        raise EditConflict
    return current
