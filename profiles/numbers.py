"""Numbers written in E.164 already, without the library: nearly every number of a file, and parsing takes 50 times as long."""

import re
from functools import cache
from typing import Any

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS
from phonenumbers import PhoneMetadata

NOT_GEOGRAPHIC = "001"


def is_e164(text: str) -> bool:
    """Whether the library would accept exactly this text and change nothing; False also where only the library can tell.

    Every digit of a number counts here: with a national prefix the library strips digits, a leading zero it keeps apart.
    """
    if not (8 <= len(text) <= 16 and text[0] == "+" and text.isascii() and text[1:].isdigit()):
        return False
    for length in (2, 3, 4):
        if country := _country(text[1:length]):
            lengths, prefix = country
            return len(text) - length in lengths and text[length] != "0" and not (prefix and prefix.match(text, length))
    return False


@cache
def _country(code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """The lengths that a number of this country code may have, and the prefixes that are no part of it."""
    regions = REGIONS.get(int(code)) if code[0] != "0" else None
    if not regions:
        return None
    metadata: Any = (
        PhoneMetadata.metadata_for_nongeo_region(int(code))
        if regions[0] == NOT_GEOGRAPHIC
        else PhoneMetadata.metadata_for_region(regions[0])
    )
    prefix = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None
