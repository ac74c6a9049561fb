"""Spreadsheet formulas in files: an export disarms them, an import gives the stored text back.

Excel and LibreOffice compute a cell that starts with = + - @, a tab or a carriage return, also in their full-width forms.
An export puts an apostrophe before it; so it does after a comma, a semicolon or a tab inside of a cell, where a spreadsheet
that expects another separator would start a new one. A number, such as -3.5 or +33612345678, is no formula and stays.

An import takes one apostrophe away where a formula would follow, and nowhere else. A text that has such an apostrophe of
its own gets a second one from the export, so restore(disarm(text)) == text for every text.
"""

import re

FORMULA = re.compile("(?:^|(?<=[,;\t\r\n]))('*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r])")
NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)


def disarm(text: str) -> str:
    """The text as a spreadsheet shows it instead of computing it."""
    if text.isalnum() or NUMBER.fullmatch(text):
        return text
    return FORMULA.sub(r"\1'", text)


def restore(text: str) -> str:
    """What disarm() was given."""
    return FORMULA.sub(lambda found: found[1][1:], text) if "'" in text else text
