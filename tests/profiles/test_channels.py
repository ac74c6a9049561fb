import email_validator
import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profiles import numbers
from profiles.channels import Channel, InvalidAddress, normalise_email, normalise_mobile
from profiles.models import Profile
from tests.factories import ProfileFactory


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("marie@example.org", "marie@example.org"),
        ("  Marie.Dupont@Example.ORG\n", "marie.dupont@example.org"),
        ("o'neil+news@example.org", "o'neil+news@example.org"),
        ("marie@bücher.example", "marie@xn--bcher-kva.example"),
        ("marie@BÜCHER.example", "marie@xn--bcher-kva.example"),
        ("marie@xn--bcher-kva.example", "marie@xn--bcher-kva.example"),
        ("marie@例え.テスト", "marie@xn--r8jz45g.xn--zckzah"),
        ("Éléonore@example.org", "éléonore@example.org"),
        ("marie@mail.test", "marie@mail.test"),
        ("marie@printer.local", "marie@printer.local"),
        ("marie@192.example.org", "marie@192.example.org"),
    ],
)
def test_an_email_is_stored_in_lower_case_with_an_ascii_domain(typed, stored):
    assert normalise_email(typed) == stored
    assert normalise_email(stored) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "marie",
        "@example.org",
        "marie@",
        "marie@localhost",
        "marie@example",
        "marie@@example.org",
        "marie@example..org",
        "marie.@example.org",
        "marie@-example.org",
        "marie@exa_mple.org",
        "marie@example.org.",
        "marie dupont@example.org",
        '"marie dupont"@example.org',
        "Marie <marie@example.org>",
        "marie@example.org, jean@example.org",
        "marie@example.org\nBcc: jean@example.org",
        "marie@example.org\0",
        "marie@[192.0.2.1]",
        "marie@ab--cd.org",
        f"marie@{'a' * 64}.org",
        f"{'m' * 250}@example.org",
    ],
)
def test_what_is_no_email_is_refused(typed):
    with pytest.raises(InvalidAddress):
        normalise_email(typed)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("marie@example", "The part after the @ needs a dot, such as example.org."),
        ("marie", "Enter an email address such as marie@example.org."),
    ],
)
def test_a_refused_email_says_why(typed, why):
    with pytest.raises(InvalidAddress, match=why):
        normalise_email(typed)


# Pieces that make or break a plain address, so that both ways through normalise_email are taken.
LOCAL = st.lists(st.sampled_from(["a", "Bc", "9", ".", ".", "_", "'", "+", "-", "!", "é", " "]), max_size=5).map("".join)
LABEL = st.lists(st.sampled_from(["a", "bc", "X", "9", "-", "--", "xn--", "_", "é", "a" * 61, "b" * 62]), min_size=1, max_size=3)
LAST = st.sampled_from(["org", "Test", "o", "9rg", "or9", "a" * 63, "a" * 64, "o-g", "xn--zckzah"])
DOMAIN = st.tuples(st.lists(LABEL.map("".join), max_size=4).map(".".join), LAST).map(".".join)


@settings(max_examples=500, deadline=None)
@given(st.builds("{}@{}".format, LOCAL, DOMAIN))
@example("marie@example.org")
@example("Marie@xn--bcher-kva.example")
@example("marie@example.o")
@example(f"marie@{'a' * 63}.org")
@example(f"{'m' * 242}@example.org")
@example(f"{'m' * 243}@example.org")
@example("marie@ab--cd.org")
@example(f"marie@{'a' * 64}.org")
@example(f"marie@example.{'a' * 64}")
@example("\u212aarl@example.org")  # the Kelvin sign, in lower case an ordinary k
@example("marie@\u017f.org")  # the long s, to a careless pattern an ordinary s
def test_the_fast_path_for_emails_answers_as_the_library_does(address):
    try:
        parts = email_validator.validate_email(address.strip(), check_deliverability=False, globally_deliverable=False)
        expected = f"{parts.local_part}@{parts.ascii_domain}".lower() if "." in parts.ascii_domain else None
    except email_validator.EmailNotValidError:
        expected = None
    if expected and len(expected) > 254:
        expected = None

    try:
        found = normalise_email(address)
    except InvalidAddress:
        found = None

    assert found == expected


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+33612345678", "+33612345678"),
        (" +33 6 12 34 56 78 ", "+33612345678"),
        ("+33 (0)6.12-34-56-78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("+44\u00a07911\u00a0123456", "+447911123456"),
    ],
)
def test_a_mobile_number_is_stored_in_e164(typed, stored):
    assert normalise_mobile(typed) == stored
    assert normalise_mobile(stored) == stored


@pytest.mark.parametrize(
    "typed", ["", "06 12 34 56 78", "33612345678", "+", "+33", "+33 6 12", "+999 123456", "+3361234567890", "hello"]
)
def test_what_is_no_international_number_is_refused(typed):
    with pytest.raises(InvalidAddress):
        normalise_mobile(typed)


CODES = st.sampled_from(sorted(numbers.REGIONS)).map(str)
DIGITS = st.text("0123456789", min_size=3, max_size=14)


@settings(max_examples=2000, deadline=None)
@given(st.builds("+{}{}".format, CODES, DIGITS))
@example("+33612345678")
@example("+330612345678")
@example("+14155552671")
@example("+114155552671")
@example("+390612345678")
@example("+78001234567")
@example("+5491123456789")
@example("+80012345678")
@example("+3361234567\u0668")  # an Arabic digit
def test_the_fast_path_for_numbers_answers_as_the_library_does(text):
    try:
        number = phonenumbers.parse(text)
        expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        expected = expected if phonenumbers.is_possible_number(number) else None
    except phonenumbers.NumberParseException:
        expected = None

    try:
        found = normalise_mobile(text)
    except InvalidAddress:
        found = None

    assert found == expected


def test_the_fast_path_is_taken_for_ordinary_numbers():
    ordinary = ["+33612345678", "+14155552671", "+447911123456", "+4915112345678", "+32470123456", "+34612345678"]

    assert [number for number in ordinary if not numbers.is_e164(number)] == []


def test_addressed_channels_carry_an_address_of_the_profile():
    assert [(channel.value, channel.address_field, channel.opt_out_field) for channel in Channel.addressed()] == [
        ("email", "email", "opted_out_email"),
        ("sms", "mobile", "opted_out_sms"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("channel", "malformed"),
    [
        (Channel.EMAIL, ["", "marie", "@example.org", "marie@", "marie dupont@example.org", "Marie@example.org"]),
        (Channel.SMS, ["", "0612345678", "+33 612345678"]),
    ],
)
def test_malformed_finds_what_normalise_would_not_have_stored(channel, malformed):
    well_formed = ProfileFactory()
    field = channel.address_field
    found = [ProfileFactory(**{field: address}).pk for address in malformed]

    assert list(Profile.objects.filter(channel.malformed(field)).order_by("pk").values_list("pk", flat=True)) == found
    assert list(Profile.objects.exclude(channel.malformed(field))) == [well_formed]
