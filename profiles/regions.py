"""Countries (ISO 3166-1 alpha-2) and languages (ISO 639-1) by their names in the reader's language."""

from functools import cache

from babel import Locale
from django.utils.translation import get_language

from profiles.fields import fold

# What people write to a marketer about: enough to choose from, short enough to read.
LANGUAGE_CODES = "ar bg ca cs da de el en es et fi fr ga he hr hu is it ja ko lt lv mt nb nl pl pt ro ru sk sl sr sv tr uk vi zh"
NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


@cache
def _names(language: str) -> tuple[dict[str, str], dict[str, str]]:
    locale = Locale.parse(language, sep="-")
    countries = {code: str(name) for code, name in locale.territories.items() if len(code) == 2 and code not in NOT_COUNTRIES}
    languages = {code: str(locale.languages[code]) for code in LANGUAGE_CODES.split()}
    return countries, languages


def _sorted(names: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(names.items(), key=lambda item: fold(item[1]))


def country_choices() -> list[tuple[str, str]]:
    return _sorted(_names(get_language() or "en")[0])


def language_choices() -> list[tuple[str, str]]:
    return _sorted(_names(get_language() or "en")[1])


def country_name(code: str) -> str:
    """The country's name; the code itself where it is not known."""
    return _names(get_language() or "en")[0].get(code, code)


def language_name(code: str) -> str:
    """The language's name; the code itself where it is not known."""
    return _names(get_language() or "en")[1].get(code, code)
