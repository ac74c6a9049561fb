import re

import pytest

from profiles import cells


@pytest.mark.parametrize(
    ("field", "cell", "stored"),
    [
        ("first_name", "  Marie \u00a0 Claude ", "Marie Claude"),
        ("street", "12 rue des Lilas\r\nBâtiment B", "12 rue des Lilas Bâtiment B"),
        ("email", " Marie@Example.org ", "marie@example.org"),
        ("mobile", "+33 6 12 34 56 78", "+33612345678"),
        ("country", "fr", "FR"),
        ("country", "FRA", "FR"),
        ("country", "Germany", "DE"),
        ("country", "allemagne", "DE"),
        ("country", "ETATS-UNIS", "US"),
        ("country", "United States of America", "US"),
        ("country", "UK", "GB"),
        ("country", "Côte d'Ivoire", "CI"),
        ("preferred_language", "FR", "fr"),
        ("preferred_language", "fr-CA", "fr"),
        ("preferred_language", "en_GB", "en"),
        ("preferred_language", "fra", "fr"),
        ("preferred_language", "French", "fr"),
        ("preferred_language", "français", "fr"),
        ("preferred_language", "Anglais", "en"),
        ("preferred_language", "Norwegian", "nb"),
        *(("opted_out_email", cell, True) for cell in ("yes", "TRUE", "1", "Oui", " x ", "VRAI")),
        *(("opted_out_email", cell, False) for cell in ("no", "False", "0", "NON", "faux")),
    ],
)
def test_reader_gives_what_is_stored(field, cell, stored):
    assert cells.reader(field)(cell) == stored


@pytest.mark.parametrize(
    ("field", "cell", "why"),
    [
        ("first_name", "M" * 31, "31 characters: at most 30 are stored."),
        ("city", "Par\x00is", "This cell contains a control character."),
        ("country", "Utopia", "No country has this code or name: use an ISO code such as FR, or the name in English or French."),
        ("country", "ZZ", "No country has this code or name: use an ISO code such as FR, or the name in English or French."),
        (
            "preferred_language",
            "Klingon",
            "No language has this code or name: use an ISO code such as fr, or the name in English or French.",
        ),
        ("opted_out_all", "maybe", "Write yes or no, or leave the cell empty."),
        ("opted_out_all", "2", "Write yes or no, or leave the cell empty."),
        ("email", "marie@example", "The part after the @ needs a dot, such as example.org."),
        ("mobile", "06 12 34 56 78", "Start the number with + and the country code, such as +33 6 12 34 56 78."),
    ],
)
def test_reader_says_why_a_cell_does_not_fit(field, cell, why):
    with pytest.raises(ValueError, match=re.escape(why)):
        cells.reader(field)(cell)
