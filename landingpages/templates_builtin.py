"""The built-in templates of landing pages (reference 3.1.3), in English and French."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.models import TYPES_THAT_ACT, Block, BlockKind, LandingPage, PageType, SpecificAction
from landingpages.parts import OTHERS
from profiles.actors import actor
from profiles.models import Service


@dataclass(frozen=True)
class Template:
    type: PageType
    label: Any
    description: Any
    settings: dict[str, Any]
    texts: dict[str, dict[str, str]]
    blocks: tuple[dict[str, Any], ...]


def _block(kind: BlockKind, en: str, fr: str, *, field: str = "", is_mandatory: bool = False) -> dict[str, Any]:
    texts = {"en": {"label": en, "help": ""}, "fr": {"label": fr, "help": ""}}
    return {"kind": kind, "field": field, "is_mandatory": is_mandatory, "texts": texts}


def _name_and_addresses() -> tuple[dict[str, Any], ...]:
    """What reference 3.1.3 has in both pages that collect profiles."""
    return (
        _block(BlockKind.TEXT_INPUT, "Name", "Nom", field="last_name", is_mandatory=True),
        _block(BlockKind.EMAIL, "Email", "Email", field="email", is_mandatory=True),
        _block(BlockKind.PHONE, "Mobile", "Mobile", field="mobile"),
    )


ERROR_TEXTS = {
    "en": "Your choices could not be recorded.",
    "fr": "Vos choix n’ont pas pu être enregistrés.",
}

CHANNELS = "channels"

TEMPLATES: dict[str, Template] = {
    PageType.ACQUISITION: Template(
        PageType.ACQUISITION,
        PageType.ACQUISITION.label,
        gettext_lazy("Collects or updates profiles: name, email and mobile."),
        {"unidentified_allowed": True},
        {
            "en": {"confirmation": "Thank you for your registration.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Merci de votre inscription.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Register", "S’inscrire"),
            *_name_and_addresses(),
            _block(BlockKind.BUTTON, "Register", "M’inscrire"),
        ),
    ),
    CHANNELS: Template(
        PageType.ACQUISITION,
        gettext_lazy("Profile acquisition, a box per channel"),
        gettext_lazy("Collects or updates profiles, and lets people say what they no longer want."),
        {"unidentified_allowed": True},
        {
            "en": {"confirmation": "Your choices are recorded.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Vos choix sont enregistrés.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Your preferences", "Vos préférences"),
            _block(
                BlockKind.TEXT,
                "Tell us who you are and what you no longer want to receive.",
                "Dites-nous qui vous êtes et ce que vous ne souhaitez plus recevoir.",
            ),
            *_name_and_addresses(),
            _block(BlockKind.CHECKBOX, "Stop sending me emails", "Ne plus m’envoyer d’emails", field="opted_out_email"),
            _block(BlockKind.CHECKBOX, "Stop sending me text messages", "Ne plus m’envoyer de SMS", field="opted_out_sms"),
            _block(
                BlockKind.CHECKBOX,
                "Stop sending me push notifications",
                "Ne plus m’envoyer de notifications push",
                field="opted_out_push",
            ),
            _block(
                BlockKind.CHECKBOX,
                "Stop sending me mail by post",
                "Ne plus m’envoyer de courrier postal",
                field="opted_out_direct_mail",
            ),
            _block(BlockKind.BUTTON, "Register", "Enregistrer"),
        ),
    ),
    PageType.SUBSCRIPTION: Template(
        PageType.SUBSCRIPTION,
        PageType.SUBSCRIPTION.label,
        gettext_lazy("Subscribes to one service: name, email, mobile and a button."),
        {"unidentified_allowed": True},
        {
            "en": {"confirmation": "Thank you for your subscription.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Merci de votre abonnement.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Subscribe", "S’abonner"),
            *_name_and_addresses(),
            _block(BlockKind.BUTTON, "Subscribe", "M’abonner"),
        ),
    ),
    PageType.UNSUBSCRIPTION: Template(
        PageType.UNSUBSCRIPTION,
        PageType.UNSUBSCRIPTION.label,
        gettext_lazy("One button: ends the subscription to one service."),
        {"unidentified_allowed": False},
        {
            "en": {"confirmation": "Your subscription has ended.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Votre abonnement est terminé.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Unsubscribe", "Se désabonner"),
            _block(
                BlockKind.TEXT,
                "Do you want to end your subscription?",
                "Voulez-vous mettre fin à votre abonnement ?",
            ),
            _block(BlockKind.BUTTON, "Unsubscribe", "Me désabonner"),
        ),
    ),
    PageType.BLOCKLIST: Template(
        PageType.BLOCKLIST,
        PageType.BLOCKLIST.label,
        gettext_lazy("One button: nothing any more, by any channel."),
        {"unidentified_allowed": False},
        {
            "en": {"confirmation": "You will receive nothing from us any more, by any channel.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Vous ne recevrez plus rien de notre part, par aucun canal.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Unsubscribe from everything", "Ne plus rien recevoir"),
            _block(
                BlockKind.TEXT,
                "Are you sure that you want to unsubscribe from all our communication?",
                "Voulez-vous vraiment vous désinscrire de toutes nos communications ?",
            ),
            _block(BlockKind.BUTTON, "Unsubscribe", "Me désinscrire"),
        ),
    ),
    PageType.GENERIC: Template(
        PageType.GENERIC,
        PageType.GENERIC.label,
        gettext_lazy("Almost empty: a heading, a sentence and a button, for a page that is like no other."),
        {"unidentified_allowed": False},
        {
            "en": {"confirmation": "Your answers are recorded.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Vos réponses sont enregistrées.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Your answers", "Vos réponses"),
            _block(BlockKind.TEXT, "Fill in the form and send it.", "Remplissez le formulaire et envoyez-le."),
            _block(BlockKind.BUTTON, "Send", "Envoyer"),
        ),
    ),
}


def create_page(
    template: str,
    *,
    label: str,
    slug: str,
    by: AbstractUser | str,
    service: Service | None = None,
    **values: Any,
) -> LandingPage:
    """A page to edit with the blocks, texts and settings of the template, and any other value of a page.

    ValidationError for a bad or taken address.
    """
    chosen = deepcopy(TEMPLATES[template])  # what becomes of the page must not reach the template
    page = LandingPage(
        **(_of(chosen) | {"service": service} | values),
        label=label,
        slug=slug,
    )
    blocks = [Block(position=position, **block) for position, block in enumerate(chosen.blocks, 1)]
    return store(page, [*blocks, *(_says(part, chosen.texts) for part in OTHERS)], by=by)


def _says(part: str, texts: dict[str, dict[str, str]]) -> Block:
    """The one text of the confirmation page, or of the error page."""
    own = {code: {"label": said[part], "help": ""} for code, said in texts.items()}
    return Block(part=part, position=1, kind=BlockKind.TEXT, texts=own)


def _of(chosen: Template) -> dict[str, Any]:
    action = chosen.type if chosen.type in TYPES_THAT_ACT else SpecificAction.NONE
    return {"type": chosen.type, "specific_action": action, **chosen.settings}


def store(page: LandingPage, blocks: list[Block], *, by: AbstractUser | str) -> LandingPage:
    """Insert a new page with its blocks, both or neither; ValidationError for a bad or taken address."""
    page.created_by = page.modified_by = actor(by)
    page.full_clean()
    try:
        with transaction.atomic():
            page.save(force_insert=True)
            for block in blocks:
                block.page = page
            Block.objects.bulk_create(blocks)
    except IntegrityError as error:  # somebody took the address between the question and the answer
        raise ValidationError({"slug": _("Another page has this address.")}) from error
    return page
