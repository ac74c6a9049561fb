"""Merge fields: Liquid templates over plain texts. No code of ours can be reached from a template."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from deliveries.models import Delivery
from profiles.models import Profile

# What templates may say, and the sentence that the picker shows beside it.
FIELDS = {
    "profile.first_name": gettext_lazy("First name"),
    "profile.last_name": gettext_lazy("Last name"),
    "profile.full_name": gettext_lazy("First and last name"),
    "profile.email": gettext_lazy("Email"),
    "profile.mobile": gettext_lazy("Mobile"),
    "profile.city": gettext_lazy("City"),
    "profile.country": gettext_lazy("Country"),
    "profile.language": gettext_lazy("Preferred language"),
    "sender.name": gettext_lazy("Sender name"),
    "sender.postal_address": gettext_lazy("Postal address of the sender"),
    "delivery.label": gettext_lazy("Label of the delivery"),
    "service.label": gettext_lazy("Service label"),
    "unsubscribe_url": gettext_lazy("Unsubscription link"),
}
UNSUBSCRIBE = "unsubscribe_url"


class InvalidTemplate(ValueError):
    """The text is no valid template; the message says what and where."""


class _Limited(Environment):
    loop_iteration_limit = 1_000
    output_stream_limit = 1_000_000  # characters
    local_namespace_limit = 100_000


def _environment(*, autoescape: bool) -> Environment:
    environment = _Limited(autoescape=autoescape)
    for tag in ("include", "render", "tablerow"):
        del environment.tags[tag]
    del environment.filters["safe"]  # it would take a profile's text for HTML
    return environment


HTML = _environment(autoescape=True)
TEXT = _environment(autoescape=False)


@dataclass(frozen=True)
class Template:
    """A compiled text; `names` are the merge fields that it uses."""

    bound: BoundTemplate
    names: frozenset[str]

    def render(self, values: dict[str, Any]) -> str:
        return self.bound.render(**values)

    @property
    def unknown(self) -> list[str]:
        return sorted(self.names - set(FIELDS))


def compile_text(source: str, *, html: bool = False) -> Template:
    """Compile a template; InvalidTemplate names the line of a fault."""
    try:
        bound = (HTML if html else TEXT).from_string(source)
        paths = [str(variable) for variables in bound.analyze().globals.values() for variable in variables]
    except LiquidError as error:
        raise InvalidTemplate(_explain(error, source)) from error
    return Template(bound, frozenset(paths))


def _explain(error: LiquidError, source: str) -> str:
    start = getattr(error.token, "start_index", -1)
    message = str(error.message or error).splitlines()[0]
    if start < 0:
        return message
    return _("line %(line)s: %(message)s") % {"line": source.count("\n", 0, start) + 1, "message": message}


def profile_values(profile: Profile) -> dict[str, str]:
    """The merge fields of a person, all of them plain text."""
    return {
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "full_name": profile.full_name,
        "email": profile.email,
        "mobile": profile.mobile,
        "city": profile.city,
        "country": profile.country,
        "language": profile.preferred_language,
    }


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
