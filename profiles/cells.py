"""What the cells of a file mean: from their text to what a profile stores, or why it cannot be stored."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel.core import get_global
from django.utils.translation import gettext as _
from django.utils.translation import override

from profiles import customfields, disarming, regions
from profiles.channels import normalise_email, normalise_mobile
from profiles.columns import CUSTOM, SCOPES, key
from profiles.models import CustomField, EmailFormat, Gender, Profile

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
REMEMBERED = 10_000  # texts of a column whose meaning is kept: names, towns and countries come again and again
ANSWERS = dict.fromkeys(customfields.YES, True) | dict.fromkeys(customfields.NO, False)
GENDERS = {
    "male": Gender.MALE, "m": Gender.MALE, "man": Gender.MALE, "homme": Gender.MALE, "h": Gender.MALE, "masculin": Gender.MALE,
    "female": Gender.FEMALE, "f": Gender.FEMALE, "woman": Gender.FEMALE, "femme": Gender.FEMALE, "feminin": Gender.FEMALE,
}  # fmt: skip
EMAIL_FORMATS = {"text": EmailFormat.TEXT, "texte": EmailFormat.TEXT, "html": EmailFormat.HTML}
ALWAYS_OTHER = ("email", "mobile", "street", "external_id", "phone", "public_id")  # texts that hardly come again

# Names in common use that the tables of regions word otherwise.
COUNTRY_NAMES = {
    "United States of America": "US",
    "États-Unis d’Amérique": "US",
    "Great Britain": "GB",
    "Grande-Bretagne": "GB",
    "The Netherlands": "NL",
    "Czech Republic": "CZ",
    "République tchèque": "CZ",
    "Turkey": "TR",
    "Hong Kong": "HK",
    "Ivory Coast": "CI",
}
LANGUAGE_NAMES = {"Norwegian": "nb", "norvégien": "nb", "no": "nb"}

Reader = Callable[[str], Any]


class UnreadableCell(ValueError):
    """The cell does not fit its column; the message says why."""


def reader(field: str, custom: Sequence[CustomField] = ()) -> Reader:
    """The function from a cell to what is stored, None for an empty cell; it raises ValueError with the reason.

    An opt-out column gives whether the box is asked to be ticked.
    """
    if field.startswith(CUSTOM):
        definition = next(one for one in custom if CUSTOM + one.key == field)
        return _Remembered(lambda cell: customfields.read(definition, cell)).__getitem__
    meaning = MEANINGS.get(field) or (_answer if field in SCOPES else _text(field))
    return _of_any(meaning) if field in ALWAYS_OTHER else _Remembered(meaning).__getitem__


def _of_any(meaning: Reader) -> Reader:
    def of_any(cell: str) -> Any:
        if not cell or cell.isspace():
            return None
        return meaning(disarming.restore(cell) if "'" in cell else cell)

    return of_any


class _Remembered(dict[str, Any]):
    """Text -> what is stored, computed once: looking it up costs a tenth of reading it."""

    def __init__(self, meaning: Reader) -> None:
        super().__init__({"": None})
        self.meaning = _of_any(meaning)

    def __missing__(self, cell: str) -> Any:
        if len(self) >= REMEMBERED:
            self.clear()
        value = self[cell] = self.meaning(cell)
        return value


def _text(field: str) -> Reader:
    longest: int = getattr(Profile._meta.get_field(field), "max_length", None) or 0

    def text(cell: str) -> str:
        value = " ".join(cell.split())
        if not value.isprintable() and CONTROL.search(value):
            raise UnreadableCell(_("This cell contains a control character."))
        if len(value) > longest:
            raise UnreadableCell(
                _("%(length)s characters: at most %(longest)s are stored.") % {"length": len(value), "longest": longest}
            )
        return value

    return text


def _answer(cell: str) -> bool:
    answer = ANSWERS.get(cell.strip().lower())
    if answer is None:
        raise UnreadableCell(_("Write yes or no, or leave the cell empty."))
    return answer


def _country(cell: str) -> str:
    code = _countries().get(key(cell))
    if code is None:
        raise UnreadableCell(_("No country has this code or name: use an ISO code such as FR, or the name in English or French."))
    return code


def _language(cell: str) -> str:
    names = _languages()
    code = names.get(key(cell)) or names.get(key(re.split(r"[-_]", cell)[0]))  # fr-CA is French
    if code is None:
        raise UnreadableCell(
            _("No language has this code or name: use an ISO code such as fr, or the name in English or French.")
        )
    return code


def _one_line(normalise: Callable[[str], str]) -> Reader:
    """An address; a line break or a NUL inside of it is nothing to be repaired."""

    def address(cell: str) -> str:
        if not cell.isprintable() and CONTROL.search(cell.strip()):
            raise UnreadableCell(_("This cell contains a control character."))
        return normalise(cell)

    return address


def _date(cell: str) -> date:
    try:
        return date.fromisoformat(cell.strip())
    except ValueError as error:
        raise UnreadableCell(_("There is no such day: write year-month-day, such as 1984-02-29.")) from error


def _public_id(cell: str) -> str:
    try:
        return str(uuid.UUID(cell.strip()))
    except ValueError as error:
        raise UnreadableCell(_("This is no Heed ID: keep what the export wrote, or leave the cell empty.")) from error


def _time_zone(cell: str) -> str:
    zone = _time_zones().get(cell.strip().lower().replace(" ", "_"))
    if zone is None:
        raise UnreadableCell(_("No time zone has this name: use one such as Europe/Paris."))
    return zone


def _one_of(names: Mapping[str, str], why: Callable[[], str]) -> Reader:
    def one_of(cell: str) -> str:
        value = names.get(key(cell))
        if value is None:
            raise UnreadableCell(why())
        return str(value)

    return one_of


MEANINGS: Mapping[str, Reader] = {
    "email": _one_line(normalise_email),
    "mobile": _one_line(normalise_mobile),
    "country": _country,
    "preferred_language": _language,
    "birth_date": _date,
    "public_id": _public_id,
    "time_zone": _time_zone,
    "gender": _one_of(GENDERS, lambda: _("Write male or female, or leave the cell empty.")),
    "email_format": _one_of(EMAIL_FORMATS, lambda: _("Write text or HTML, or leave the cell empty.")),
    "address_specified": _answer,
    "ccpa_opt_out": _answer,
}


@cache
def _time_zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def _countries() -> dict[str, str]:
    codes = _names(regions.country_choices) | {key(name): code for name, code in COUNTRY_NAMES.items()}
    return _three_letter_codes("territory_aliases", codes) | codes


@cache
def _languages() -> dict[str, str]:
    codes = _names(regions.language_choices) | {key(name): code for name, code in LANGUAGE_NAMES.items()}
    return _three_letter_codes("language_aliases", codes) | codes


def _names(choices: Callable[[], list[tuple[str, str]]]) -> dict[str, str]:
    codes: dict[str, str] = {}
    for language in ("en", "fr"):
        with override(language):
            codes |= {key(name): code for code, name in choices()} | {key(code): code for code, _name in choices()}
    return codes


def _three_letter_codes(table: str, codes: Mapping[str, str]) -> dict[str, str]:
    """FRA, fra and fre, UK: the other codes of what `codes` knows."""
    aliases: Mapping[str, str | list[str]] = get_global(table)  # type: ignore[arg-type]
    known = set(codes.values())
    targets = {key(alias): target if isinstance(target, str) else target[0] for alias, target in aliases.items()}
    return {alias: target for alias, target in targets.items() if target in known and (len(alias) == 3 or alias == "uk")}
