"""The preference centre: one built-in page with every channel, every service and "nothing at all".

Nobody edits its boxes: they follow channels and services, and whenever they change, or its texts do, `refresh` freezes a
new version by itself. So a visitor always sees a version, and the ledger names the one that she saw. A version holds every
service; `for_visitor` leaves out those that are neither offered to everybody nor held by her.
"""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy, override

from landingpages.editing import revised
from landingpages.models import Block, BlockKind, LandingPage, PageStatus, PageType, PublishedVersion
from landingpages.parts import OTHERS
from landingpages.snapshots import clean_texts, compose
from profiles.actors import actor
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, Channel
from profiles.models import Service

Content = Mapping[str, Any]
SLUG = "preference-centre"
NAMESPACE = uuid.UUID("5b0a3c52-6d8e-4a7f-9f0c-3a1d7f7f2c11")  # a block has the same key in every version
SERVICES = "services"  # name of the block above the boxes of services

# What an operator may word otherwise.
TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "Your preferences", "fr": "Vos préférences"},
    "introduction": {"en": "Choose what we may send you.", "fr": "Choisissez ce que nous pouvons vous envoyer."},
    "confirmation": {
        "en": "Your choices are recorded and take effect at once.",
        "fr": "Vos choix sont enregistrés et prennent effet immédiatement.",
    },
    "error": {"en": "Your choices could not be recorded.", "fr": "Vos choix n’ont pas pu être enregistrés."},
}
# What stands for the proof of a choice, and therefore is ours.
CHANNELS = {
    Channel.EMAIL: {"en": "Send me emails", "fr": "M’envoyer des emails"},
    Channel.SMS: {"en": "Send me text messages", "fr": "M’envoyer des SMS"},
    Channel.PUSH: {"en": "Send me push notifications", "fr": "M’envoyer des notifications push"},
    Channel.DIRECT_MAIL: {"en": "Send me mail by post", "fr": "M’envoyer du courrier postal"},
}
HEADINGS = {"channels": {"en": "How we may reach you", "fr": "Comment vous joindre"}}
HEADINGS[SERVICES] = {"en": "What you subscribe to", "fr": "Vos abonnements"}
HEADINGS["nothing"] = {"en": "Or nothing at all", "fr": "Ou rien du tout"}
NOTHING = {"en": "Send me nothing any more, by any channel", "fr": "Ne plus rien m’envoyer, par aucun canal"}
BUTTON = {"en": "Save my choices", "fr": "Enregistrer mes choix"}
LABEL = gettext_lazy("Preference centre")


def find() -> LandingPage | None:
    """The page; None in an installation whose worker never ran."""
    return LandingPage.objects.filter(type=PageType.PREFERENCES).select_related("version").first()


def public_url() -> str:
    """Where anybody may ask for a link to the own choices; "" where the centre is closed."""
    page = LandingPage.objects.filter(type=PageType.PREFERENCES, status=PageStatus.ONLINE).values_list("slug", flat=True).first()
    return f"{settings.PUBLIC_URL}/lp/{page}/" if page else ""


def content(page: LandingPage) -> dict[str, Any]:
    """What a version would freeze now: every channel, every service by its public name, and the texts."""
    services = list(Service.objects.order_by("public_label", "pk"))
    frozen = compose(page, [*_head(page), *_channels(), *_services(services), *_end(), *_answers(page)])
    offered = {service.pk: service.in_preference_centre for service in services}
    for block in frozen["blocks"]:
        if block["kind"] == BlockKind.SERVICE:
            block["is_offered"] = offered[block["service_id"]]
    return frozen


def for_visitor(content: Content, services: Mapping[int, Service], held: Collection[int] | None) -> dict[str, Any]:
    """The content as one person sees it: what is offered now, and what she holds; None for `held` where nobody may learn that.

    Where nothing shows that she holds, what is offered stays although it takes nobody any more: it can still be left.
    """

    def is_shown(block: Content) -> bool:
        service = services.get(block.get("service_id") or 0)
        if block["kind"] != BlockKind.SERVICE or service is None:
            return block["kind"] != BlockKind.SERVICE
        if held is None:
            return bool(block["is_offered"])
        return service.pk in held or (block["is_offered"] and service.takes_subscriptions())

    return _without_an_empty_part([block for block in content["blocks"] if is_shown(block)], content)


def as_sent(content: Content, sent: str, offered: Collection[int]) -> dict[str, Any] | None:
    """The content with the boxes of services that the form says that it showed; None if one of them is not offered any more."""
    shown = {int(number) for number in sent.split(",") if number.isascii() and number.isdecimal() and len(number) < 19}
    if not shown <= set(offered):
        return None
    blocks = [block for block in content["blocks"] if block["kind"] != BlockKind.SERVICE or block["service_id"] in shown]
    return _without_an_empty_part(blocks, content)


def refresh(*, by: AbstractUser | str = "") -> PublishedVersion | None:
    """Freeze what the centre says now, if that differs from what visitors see; None where it does not.

    The page itself is made where there is none yet. Two at once: the second finds nothing to do.
    """
    known = find()
    if known and known.version and known.version.content == content(known):
        return None
    with transaction.atomic():
        page = known or _make()
        page = LandingPage.objects.select_for_update(no_key=True, of=("self",)).select_related("version").get(pk=page.pk)
        now = content(page)
        if page.version and page.version.content == now:
            return None
        last = PublishedVersion.objects.filter(page=page).aggregate(last=Max("number"))["last"] or 0
        version = PublishedVersion.objects.create(
            page=page, number=last + 1, content=now, published_at=timezone.now(), published_by=actor(by)
        )
        status = PageStatus.ONLINE if page.version is None else page.status
        LandingPage.objects.filter(pk=page.pk).update(version=version, status=status)
    return version


def write(page: LandingPage, texts: Mapping[str, Mapping[str, str]], *, by: AbstractUser | str, revision: int) -> None:
    """Word the centre anew; visitors see it at once. EditConflict where somebody else did meanwhile."""
    with transaction.atomic():
        with revised(page, by=by, revision=revision):
            LandingPage.objects.filter(pk=page.pk).update(texts=clean_texts(texts, tuple(TEXTS)))
        refresh(by=by)


def set_open(page: LandingPage, *, is_open: bool, by: AbstractUser | str) -> bool:
    """Close the centre for visitors, or open it again; False where it is so already."""
    before, after = (PageStatus.CLOSED, PageStatus.ONLINE) if is_open else (PageStatus.ONLINE, PageStatus.CLOSED)
    waiting = LandingPage.objects.filter(pk=page.pk, status=before)
    done = bool(waiting.update(status=after, modified_by=actor(by), modified_at=timezone.now()))
    if is_open:
        refresh(by=by)
    return done


def _make() -> LandingPage:
    """The page at its address, or at the next one that is free."""
    taken = set(LandingPage.objects.filter(slug__startswith=SLUG).values_list("slug", flat=True))
    slug = next(one for one in (SLUG, *(f"{SLUG}-{number}" for number in range(2, len(taken) + 3))) if one not in taken)
    with override(settings.LANGUAGE_CODE):
        label = str(LABEL)
    values = {"label": label, "slug": slug, "texts": default_texts(), "unidentified_allowed": False, "preload_data": False}
    return LandingPage.objects.get_or_create(type=PageType.PREFERENCES, defaults=values)[0]


def default_texts() -> dict[str, dict[str, str]]:
    """The texts by language, as a page stores them."""
    return {code: {name: texts.get(code, "") for name, texts in TEXTS.items()} for code, _name in settings.LANGUAGES}


def _block(page_part: str, kind: BlockKind, texts: Mapping[str, str], **values: Any) -> Block:
    labels = {code: {"label": text, "help": ""} for code, text in texts.items()}
    return Block(key=uuid.uuid5(NAMESPACE, page_part), kind=kind, texts=labels, **values)


def _head(page: LandingPage) -> list[Block]:
    own = {name: {code: texts.get(name, "") for code, texts in page.texts.items()} for name in ("title", "introduction")}
    return [_block("title", BlockKind.HEADING, own["title"]), _block("introduction", BlockKind.TEXT, own["introduction"])]


def _answers(page: LandingPage) -> list[Block]:
    """The confirmation page and the error page."""
    texts = {part: {code: own.get(part, "") for code, own in page.texts.items()} for part in OTHERS}
    return [_block(part, BlockKind.TEXT, texts[part], part=part) for part in OTHERS]


def _channels() -> list[Block]:
    boxes = [
        _block(channel.value, BlockKind.CHECKBOX, CHANNELS[channel], field=channel.opt_out_field, is_positive=True)
        for channel in Channel
    ]
    return [_block("channels", BlockKind.HEADING, HEADINGS["channels"]), *boxes]


def _services(services: list[Service]) -> list[Block]:
    codes = [code for code, _name in settings.LANGUAGES]
    boxes = [
        _block(
            f"service {one.pk}", BlockKind.SERVICE, dict.fromkeys(codes, one.public_label), service_id=one.pk, is_positive=True
        )
        for one in services
    ]
    return [_block(SERVICES, BlockKind.HEADING, HEADINGS[SERVICES]), *boxes]


def _end() -> list[Block]:
    return [
        _block("nothing", BlockKind.HEADING, HEADINGS["nothing"]),
        _block(ANY_CHANNEL, BlockKind.CHECKBOX, NOTHING, field=OPT_OUT_FIELDS[ANY_CHANNEL]),
        _block("button", BlockKind.BUTTON, BUTTON),
    ]


def _without_an_empty_part(blocks: list[Any], content: Content) -> dict[str, Any]:
    """The content with these blocks; the heading of services only where one follows."""
    key = str(uuid.uuid5(NAMESPACE, SERVICES))
    has_services = any(block["kind"] == BlockKind.SERVICE for block in blocks)
    return {**content, "blocks": [block for block in blocks if has_services or block["key"] != key]}
