"""The custom confirmation messages of a service: plain text for each language, with a few placeholders and no templates."""

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from profiles.models import Service

SUBJECT, TEXT = 150, 5000  # characters
PARTS = ("subject", "text")
# Message -> what may stand in its texts, and nothing else between braces. Nothing that a visitor typed (decision 9).
PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {"subscribed": ("{service}", "{expires}"), "unsubscribed": ("{service}",)}
IN_BRACES = re.compile(r"[{}][^{}]*}?")


def refuse_unknown(text: str, message: str) -> None:
    """ValidationError that names what stands between braces and is no placeholder of this message."""
    known = PLACEHOLDERS[message]
    for found in IN_BRACES.findall(text):
        if found not in known:
            values = {"found": found, "known": ", ".join(known)}
            raise ValidationError(_("“%(found)s” is no placeholder. There are: %(known)s.") % values)


def written(service: Service, message: str, language: str) -> tuple[str, str] | None:
    """Subject and text of a custom message in this language, or in the first one that is complete; None where none is."""
    texts = service.texts.get(message, {})
    for code in (language, *texts):
        own = texts.get(code, {})
        if own.get("subject") and own.get("text"):
            return own["subject"], own["text"]
    return None


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, in one pass: what a value contains is never replaced again."""
    return IN_BRACES.sub(lambda match: values.get(match[0].strip("{}"), ""), text)
