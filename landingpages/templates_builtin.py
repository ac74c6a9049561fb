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
    description: Any
    settings: dict[str, Any]
    texts: dict[str, dict[str, str]]
    blocks: tuple[dict[str, Any], ...]


def _block(kind: BlockKind, en: str, fr: str, *, field: str = "", is_mandatory: bool = False) -> dict[str, Any]:
    texts = {"en": {"label": en, "help": ""}, "fr": {"label": fr, "help": ""}}
    return {"kind": kind, "field": field, "is_mandatory": is_mandatory, "texts": texts}


ERROR_TEXTS = {
    "en": "Your choices could not be recorded.",
    "fr": "Vos choix n’ont pas pu être enregistrés.",
}

TEMPLATES: dict[str, Template] = {
    PageType.ACQUISITION: Template(
        PageType.ACQUISITION,
        gettext_lazy("Collects or updates profiles: name, email, mobile and a box per channel."),
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
            _block(BlockKind.TEXT_INPUT, "Name", "Nom", field="last_name", is_mandatory=True),
            _block(BlockKind.EMAIL, "Email", "Email", field="email", is_mandatory=True),
            _block(BlockKind.PHONE, "Mobile", "Mobile", field="mobile"),
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
        gettext_lazy("Subscribes to one service: name, email, mobile and a button."),
        {"unidentified_allowed": True},
        {
            "en": {"confirmation": "Thank you for your subscription.", "error": ERROR_TEXTS["en"]},
            "fr": {"confirmation": "Merci de votre abonnement.", "error": ERROR_TEXTS["fr"]},
        },
        (
            _block(BlockKind.HEADING, "Subscribe", "S’abonner"),
            _block(BlockKind.TEXT_INPUT, "Name", "Nom", field="last_name", is_mandatory=True),
            _block(BlockKind.EMAIL, "Email", "Email", field="email", is_mandatory=True),
            _block(BlockKind.PHONE, "Mobile", "Mobile", field="mobile"),
            _block(BlockKind.BUTTON, "Subscribe", "M’abonner"),
        ),
    ),
    PageType.UNSUBSCRIPTION: Template(
        PageType.UNSUBSCRIPTION,
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
}


def _says(page: LandingPage, part: str, texts: dict[str, dict[str, str]]) -> Block:
    """The one text of the confirmation page, or of the error page."""
    own = {code: {"label": said[part], "help": ""} for code, said in texts.items()}
    return Block(page=page, part=part, position=1, kind=BlockKind.TEXT, texts=own)


def create_page(template: str, *, label: str, slug: str, by: AbstractUser | str, service: Service | None = None) -> LandingPage:
    """A page to edit with the blocks, texts and settings of the template; ValidationError for a bad or taken address."""
    chosen = deepcopy(TEMPLATES[template])  # what becomes of the page must not reach the template
    page = LandingPage(
        type=chosen.type,
        label=label,
        slug=slug,
        service=service,
        specific_action=chosen.type if chosen.type in TYPES_THAT_ACT else SpecificAction.NONE,
        created_by=actor(by),
        modified_by=actor(by),
        **chosen.settings,
    )
    page.full_clean()
    try:
        with transaction.atomic():
            page.save(force_insert=True)
            Block.objects.bulk_create(
                [
                    *(Block(page=page, position=position, **block) for position, block in enumerate(chosen.blocks, 1)),
                    *(_says(page, part, chosen.texts) for part in OTHERS),
                ]
            )
    except IntegrityError as error:  # somebody took the address between the question and the answer
        raise ValidationError({"slug": _("Another page has this address.")}) from error
    return page
