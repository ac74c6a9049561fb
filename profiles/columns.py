"""The columns that a file of profiles may have: their names, and what their cells mean."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from babel.core import get_global
from django.utils.translation import gettext as _
from django.utils.translation import override

from profiles import regions
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, normalise_email, normalise_mobile
from profiles.csvfiles import ImportRejected
from profiles.fields import fold
from profiles.models import Profile

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# What a header may say for each column, besides the column's own name; case, accents and punctuation do not count.
# The names with blackList and denyList are those of exports from older tools.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("first name", "given name", "prénom"),
    "last_name": ("last name", "surname", "family name", "nom", "nom de famille"),
    "email": ("e-mail", "mail", "email address", "courriel", "adresse e-mail", "adresse électronique", "adresse de courriel"),
    "mobile": ("mobile phone", "mobile number", "téléphone mobile", "téléphone portable", "portable", "numéro de mobile"),
    "preferred_language": ("preferred language", "language", "langue", "langue préférée", "langue de préférence"),
    "country": ("country code", "pays", "code pays"),
    "street": ("address", "street address", "postal address", "rue", "adresse", "adresse postale"),
    "postal_code": ("postal code", "postcode", "zip", "zip code", "code postal"),
    "city": ("town", "ville"),
    OPT_OUT_FIELDS[ANY_CHANNEL]: (
        "no longer contact (by any channel)",
        "no longer contact",
        "ne plus contacter (tous canaux)",
        "ne plus contacter",
        "blackList",
        "denyList",
        "blocklist",
    ),
    OPT_OUT_FIELDS["email"]: (
        "no longer contact by email",
        "ne plus contacter par email",
        "ne plus contacter par courriel",
        "blackListEmail",
        "denyListEmail",
    ),
    OPT_OUT_FIELDS["sms"]: (
        "no longer contact by SMS",
        "ne plus contacter par SMS",
        "blackListMobile",
        "denyListMobile",
    ),
    OPT_OUT_FIELDS["push"]: (
        "no longer contact by push notification",
        "ne plus contacter par notification push",
        "blackListPushnotification",
        "denyListPushnotification",
    ),
    OPT_OUT_FIELDS["direct_mail"]: (
        "no longer contact by direct mail",
        "ne plus contacter par courrier",
        "ne plus contacter par courrier postal",
        "blackListPostalMail",
        "denyListPostalMail",
    ),
}
SCOPES = {field: scope for scope, field in OPT_OUT_FIELDS.items()}
TICKED = {"yes": True, "true": True, "1": True, "oui": True, "x": True, "vrai": True}
NOT_TICKED = {"no": False, "false": False, "0": False, "non": False, "faux": False}
ANSWERS = TICKED | NOT_TICKED

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


class UnreadableCell(ValueError):
    """The cell does not fit its column; the message says why."""


def key(text: str) -> str:
    """Letters and digits only, folded: "Adresse e-mail", "adresse_email" and "ADRESSE EMAIL" are one name."""
    return "".join(character for character in fold(text) if character.isalnum())


FIELDS = {key(name): field for field, names in HEADERS.items() for name in (field, *names)}


def match(header: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    """Position -> field for the columns of a file; a column that is no field of a profile is left out.

    `mapping` (header -> field, or "" to leave the column out) goes before the names that are known. Raises
    ImportRejected where two columns would be one field, and where there is no column with an address.
    """
    keys = [key(name) for name in header]
    if unknown := [field for field in mapping.values() if field and field not in HEADERS]:
        raise ImportRejected(
            _("There is no field %(field)s. Fields: %(fields)s.") % {"field": unknown[0], "fields": ", ".join(HEADERS)}
        )
    if absent := [name for name in mapping if key(name) not in keys]:
        raise ImportRejected(_("The file has no column %(column)s.") % {"column": absent[0]})
    asked = {key(name): field for name, field in mapping.items()}
    known = {name: field for name, field in FIELDS.items() if field not in asked.values()} | asked
    found: dict[int, str] = {}
    for position, name in enumerate(keys):
        field = known.get(name)
        if field and field in found.values():
            raise ImportRejected(
                _("Two columns would be the field %(field)s: leave one of them out with --map.") % {"field": field}
            )
        if field:
            found[position] = field
    if not {"email", "mobile"} & set(found.values()):
        raise ImportRejected(
            _("The file needs a column email or mobile; its header is: %(header)s.") % {"header": ", ".join(header)}
        )
    return found


def reader(field: str) -> Callable[[str], str | bool]:
    """The function from a cell with text to what is stored; it raises ValueError with the reason.

    An opt-out column gives whether the box is asked to be ticked.
    """
    if field in SCOPES:
        return _answer
    if meaning := MEANINGS.get(field):
        return meaning
    longest: int = getattr(Profile._meta.get_field(field), "max_length", None) or 0

    def text(cell: str) -> str:
        value = " ".join(cell.split())
        if CONTROL.search(value):
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


MEANINGS: Mapping[str, Callable[[str], str]] = {
    "email": normalise_email,
    "mobile": normalise_mobile,
    "country": _country,
    "preferred_language": _language,
}


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
