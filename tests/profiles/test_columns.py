import re

import pytest

from profiles import columns
from profiles.csvfiles import ImportRejected


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("email", "email"),
        ("E-mail", "email"),
        (" EMAIL ", "email"),
        ("Courriel", "email"),
        ("Adresse e-mail", "email"),
        ("first_name", "first_name"),
        ("First name", "first_name"),
        ("firstName", "first_name"),
        ("Prénom", "first_name"),
        ("PRENOM", "first_name"),
        ("Nom", "last_name"),
        ("Mobile", "mobile"),
        ("Téléphone mobile", "mobile"),
        ("mobilePhone", "mobile"),
        ("Pays", "country"),
        ("Langue", "preferred_language"),
        ("preferredLanguage", "preferred_language"),
        ("Adresse", "street"),
        ("Code postal", "postal_code"),
        ("Ville", "city"),
        ("opted_out_all", "opted_out_all"),
        ("No longer contact (by any channel)", "opted_out_all"),
        ("Ne plus contacter (tous canaux)", "opted_out_all"),
        ("blackList", "opted_out_all"),
        ("denyList", "opted_out_all"),
        ("No longer contact by email", "opted_out_email"),
        ("Ne plus contacter par e-mail", "opted_out_email"),
        ("blackListEmail", "opted_out_email"),
        ("denyListEmail", "opted_out_email"),
        ("Ne plus contacter par SMS", "opted_out_sms"),
        ("blackListMobile", "opted_out_sms"),
        ("Ne plus contacter par notification push", "opted_out_push"),
        ("denyListPushnotification", "opted_out_push"),
        ("Ne plus contacter par courrier", "opted_out_direct_mail"),
        ("blackListPostalMail", "opted_out_direct_mail"),
    ],
)
def test_headers_are_known_by_field_label_and_old_name(header, field):
    assert columns.FIELDS.get(columns.key(header)) == field


def test_every_label_of_the_general_tab_is_a_known_header():
    labels = {field: columns.Profile._meta.get_field(field).verbose_name for field in columns.HEADERS}

    assert {field: columns.FIELDS.get(columns.key(str(label))) for field, label in labels.items()} == {
        field: field for field in labels
    }


def test_no_header_stands_for_two_fields():
    names = [columns.key(name) for field, names in columns.HEADERS.items() for name in {columns.key(n) for n in (field, *names)}]

    assert sorted(names) == sorted(columns.FIELDS)


def test_match_leaves_out_what_is_no_field():
    assert columns.match(["Courriel", "Shoe size", "Prénom"], {}) == {0: "email", 2: "first_name"}


def test_match_takes_the_mapping_before_the_known_names():
    found = columns.match(["E-mail", "Private mail", "Prénom"], {"Private mail": "email", "Prénom": ""})

    assert found == {1: "email"}


@pytest.mark.parametrize(
    ("header", "mapping", "why"),
    [
        (["Prénom", "Nom"], {}, "The file needs a column email or mobile; its header is: Prénom, Nom."),
        (["email"], {"email": ""}, "The file needs a column email or mobile; its header is: email."),
        (["E-mail", "Courriel"], {}, "Two columns would be the field email: leave one of them out with --map."),
        (
            ["A", "B", "email"],
            {"A": "city", "B": "city"},
            "Two columns would be the field city: leave one of them out with --map.",
        ),
        (["email"], {"Town": "city"}, "The file has no column Town."),
    ],
)
def test_match_refuses_a_header_that_it_cannot_use(header, mapping, why):
    with pytest.raises(ImportRejected) as refusal:
        columns.match(header, mapping)

    assert str(refusal.value) == why


def test_match_refuses_an_unknown_field():
    with pytest.raises(ImportRejected, match="There is no field age"):
        columns.match(["email", "Age"], {"Age": "age"})


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
    assert columns.reader(field)(cell) == stored


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
        columns.reader(field)(cell)
