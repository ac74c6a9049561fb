import pytest
from django.utils import translation

from profiles import customfields
from profiles.customfields import UnreadableValue
from profiles.models import CustomField

FIELDS = {
    "text": CustomField(key="nickname", label="Nickname", type="text"),
    "number": CustomField(key="shoe_size", label="Shoe size", type="number"),
    "date": CustomField(key="member_since", label="Member since", type="date"),
    "yes_no": CustomField(key="has_car", label="Has a car", type="yes_no"),
    "choice": CustomField(key="interest", label="Interest", type="choice", options=["Garden", "Kitchen"]),
}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "  Mimi  la  Rose ", "Mimi la Rose"),
        ("text", " ", None),
        ("number", "42", 42),
        ("number", "-3,5", -3.5),
        ("number", "1 200", 1200),
        ("date", "1984-02-29", "1984-02-29"),
        ("yes_no", "Oui", True),
        ("yes_no", "0", False),
        ("choice", "garden", "Garden"),
        ("choice", "", None),
    ],
)
def test_custom_value_is_read(kind, text, value):
    assert customfields.read(FIELDS[kind], text) == value


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("text", "a" * 501, "501 characters: at most 500 are stored."),
        ("text", "a\x00b", "This text contains a control character."),
        ("number", "twelve", "Write a number, such as 12 or 3.5."),
        ("number", "nan.", "Write a number, such as 12 or 3.5."),
        ("number", "1e400", "This number is too large."),
        ("date", "1983-02-29", "Write a date as year-month-day, such as 1984-02-29."),
        ("yes_no", "perhaps", "Write yes or no."),
        ("choice", "Garage", "Choose one of: Garden, Kitchen."),
    ],
)
def test_custom_value_that_does_not_fit_is_refused_with_the_reason(kind, text, why):
    with pytest.raises(UnreadableValue, match=why.replace(".", r"\.")):
        customfields.read(FIELDS[kind], text)


@pytest.mark.parametrize("kind", FIELDS)
def test_custom_value_comes_back_from_its_text(kind):
    value = {"text": "Mimi", "number": -3.5, "date": "1984-02-29", "yes_no": False, "choice": "Kitchen"}[kind]

    assert customfields.read(FIELDS[kind], customfields.as_text(FIELDS[kind], value)) == value


def test_custom_value_is_shown_in_the_language_of_the_reader():
    with translation.override("fr"):
        shown = [
            customfields.in_words(FIELDS[kind], value)
            for kind, value in {"number": 1200.5, "date": "1984-02-29", "yes_no": True}.items()
        ]

    assert [text.replace("\xa0", " ").replace("\u202f", " ") for text in shown] == ["1 200,5", "29 février 1984", "oui"]
