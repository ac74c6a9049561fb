"""The merge fields of deliveries: those of a person, and those of a delivery."""

from typing import Any

from django.utils.translation import gettext_lazy

from deliveries.models import Delivery
from profiles import customfields, mergefields
from profiles.mergefields import CUSTOM, InvalidTemplate, Template, profile_values

__all__ = ["InvalidTemplate", "compile_text", "profile_values"]

# What templates may say, and the sentence that the picker shows beside it.
FIELDS = mergefields.FIELDS | {
    "sender.name": gettext_lazy("Sender name"),
    "sender.postal_address": gettext_lazy("Postal address of the sender"),
    "delivery.label": gettext_lazy("Label of the delivery"),
    "service.label": gettext_lazy("Service label"),
    "unsubscribe_url": gettext_lazy("Unsubscription link"),
    "preferences_url": gettext_lazy("Link to the preference page"),
    "blocklist_url": gettext_lazy("Link to the blocklist page"),
    "preference_centre_url": gettext_lazy("Link to the preference centre"),
    "service_unsubscribe_url": gettext_lazy("Link to the unsubscription page of the service"),
}
UNSUBSCRIBE = "unsubscribe_url"
CENTRE = "preference_centre_url"
SERVICE_UNSUBSCRIBE = "service_unsubscribe_url"
# Links to the landing pages of a delivery -> the delivery's column, which the pinned content has too.
PAGES = {"preferences_url": "preference_page", "blocklist_url": "blocklist_page"}


def fields() -> dict[str, Any]:
    """Every merge field with its sentence, as the picker shows them."""
    customs = {CUSTOM + field.key: field.label for field in customfields.definitions()}
    people = {name: words for name, words in FIELDS.items() if name.startswith("profile.")}
    return people | customs | FIELDS


def compile_text(source: str, *, html: bool = False) -> Template:
    """Compile a template; InvalidTemplate names the line of a fault."""
    return mergefields.compile_text(source, html=html, known=FIELDS)


def delivery_values(content: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The merge fields that are the same for everybody in a delivery."""
    return {
        "sender": {"name": content["sender_name"], "postal_address": content["postal_address"]},
        "delivery": {"label": content["label"]},
        "service": {"label": content["service_label"]},
    }


def parts(delivery: Delivery) -> dict[str, str]:
    """The templates of a delivery by the name of their field, the empty ones too."""
    names = ("subject", "html", "text") if delivery.is_email else ("text",)
    return {name: getattr(delivery, name) for name in names}
