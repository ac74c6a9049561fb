import pytest

from profiles import columns
from profiles.csvfiles import ImportRejected
from profiles.models import Profile


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
    labels = {field: Profile._meta.get_field(field).verbose_name for field in columns.HEADERS}

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
