import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profiles.disarming import disarm, restore

PIECES = st.lists(
    st.sampled_from(["'", "=", "+", "-", "@", ";", ",", "\t", "\r", "\n", " ", "a", "1", ".", "＝", "＠"]), max_size=9
)


@settings(max_examples=2000)
@given(PIECES.map("".join) | st.text())
@example("'=1+1")
@example("''=1")
@example("'+33612345678")
def test_an_import_gives_back_what_an_export_disarmed(text):
    assert restore(disarm(text)) == text


@settings(max_examples=1000)
@given(PIECES.map("".join))
def test_no_disarmed_text_starts_a_formula_in_any_spreadsheet(text):
    if not re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?", text):
        assert not re.search("(^|[,;\t\r\n])[=+\\-@＝＋－＠]", disarm(text))


@pytest.mark.parametrize(
    ("text", "exported"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("＝1", "'＝1"),
        ("x;=1+1", "x;'=1+1"),
        ("+33612345678", "+33612345678"),
        ("-3.5", "-3.5"),
        ("O'Brien", "O'Brien"),
        ("'quoted'", "'quoted'"),
        ("Paris, - Lyon", "Paris, - Lyon"),
        ("", ""),
    ],
)
def test_only_what_would_be_computed_gets_an_apostrophe(text, exported):
    assert disarm(text) == exported
