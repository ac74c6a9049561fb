"""The fields that an installation adds to profiles: what is stored for them, and how people read it.

Profile.custom holds key -> value: text and choice as text, number as a number, date as ISO 8601 text, yes or no as a
boolean. An empty value is an absent key.
"""

import math
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from profiles.models import CustomField, CustomType

LONGEST = 500  # characters of a text
YES = frozenset({"yes", "true", "1", "oui", "x", "vrai"})
NO = frozenset({"no", "false", "0", "non", "faux"})


class UnreadableValue(ValueError):
    """The text is no value of this field; the message says why, for the person who typed it."""


def definitions() -> list[CustomField]:
    """All custom fields in their order; one query."""
    return list(CustomField.objects.all())


def read(field: CustomField, text: str) -> Any:
    """What is stored for this text; None for an empty one. Raises UnreadableValue."""
    text = " ".join(text.split())
    return READERS[CustomType(field.type)](field, text) if text else None


def in_words(field: CustomField, value: Any) -> str:
    """A stored value as people read it, in the active language; "" for none. A value of a former definition as it is."""
    match CustomType(field.type), value:
        case _, None:
            return ""
        case CustomType.YES_NO, bool():
            return _("yes") if value else _("no")
        case CustomType.NUMBER, int() | float():
            return number_format(value)
        case CustomType.DATE, str() if _is_date(value):
            return date_format(date.fromisoformat(value))
    return str(value)


def as_text(field: CustomField, value: Any) -> str:
    """A stored value as a file and a form hold it: read() gives it back."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _text(field: CustomField, text: str) -> str:
    if len(text) > LONGEST:
        raise UnreadableValue(
            _("%(length)s characters: at most %(longest)s are stored.") % {"length": len(text), "longest": LONGEST}
        )
    if any(ord(character) < 32 for character in text):
        raise UnreadableValue(_("This text contains a control character."))
    return text


def _number(field: CustomField, text: str) -> int | float:
    """12, -3.5, 3,5: a comma is taken for the decimal point where there is no point."""
    plain = text.replace("\u202f", "").replace("\xa0", "").replace(" ", "")
    plain = plain.replace(",", ".") if "." not in plain else plain
    try:
        value = float(plain) if "." in plain or "e" in plain.lower() else int(plain)
    except ValueError as error:
        raise UnreadableValue(_("Write a number, such as 12 or 3.5.")) from error
    if (isinstance(value, float) and not math.isfinite(value)) or abs(value) > 2**53:
        raise UnreadableValue(_("This number is too large."))
    return value


def _date(field: CustomField, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UnreadableValue(_("Write a date as year-month-day, such as 1984-02-29.")) from error


def _yes_no(field: CustomField, text: str) -> bool:
    answer = text.lower()
    if answer not in YES | NO:
        raise UnreadableValue(_("Write yes or no."))
    return answer in YES


def _choice(field: CustomField, text: str) -> str:
    found = next((option for option in field.options if option.casefold() == text.casefold()), None)
    if found is None:
        raise UnreadableValue(_("Choose one of: %(options)s.") % {"options": ", ".join(field.options)})
    return str(found)


READERS = {
    CustomType.TEXT: _text,
    CustomType.NUMBER: _number,
    CustomType.DATE: _date,
    CustomType.YES_NO: _yes_no,
    CustomType.CHOICE: _choice,
}
