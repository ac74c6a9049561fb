import pytest

from profiles import pasting
from profiles.channels import Channel
from profiles.pasting import BadLine, ListTooLong, PastedList

NO_EMAIL = "Enter an email address such as marie@example.org."


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@example.org\nb@example.org", ["a@example.org", "b@example.org"]),
        ("a@example.org\r\n\r\n \r\nb@example.org\r\n", ["a@example.org", "b@example.org"]),
        ("a@example.org, b@example.org;c@example.org\td@example.org", [f"{name}@example.org" for name in "abcd"]),
        ("A@Example.org\na@example.org", ["a@example.org"]),
        ("marie@bücher.example", ["marie@xn--bcher-kva.example"]),
        ("Marie <a@example.org>", ["a@example.org"]),
        ("Dupont, Marie <a@example.org>; Bob < b@example.org >", ["a@example.org", "b@example.org"]),
        ('"Dupont, Marie" <a@example.org>', ["a@example.org"]),
        ("<a@example.org> <b@example.org>", ["a@example.org", "b@example.org"]),
        ("a@example.org, Bob <b@example.org>", ["a@example.org", "b@example.org"]),
        ("'a@example.org', \"b@example.org\",", ["a@example.org", "b@example.org"]),
        ("\ufeffa@example.org\n\u00a0b@example.org", ["a@example.org", "b@example.org"]),
        ("", []),
    ],
)
def test_read_finds_each_address_once_in_its_stored_form(text, addresses):
    assert pasting.read(text, Channel.EMAIL).addresses == addresses
    assert pasting.read(text, Channel.EMAIL).bad_lines == []


def test_read_names_what_is_no_address():
    text = "Email\na@example.org\n\nnobody, b@example.org, c@example\nBob <bob>\na@example.org\n"

    assert pasting.read(text, Channel.EMAIL) == PastedList(
        Channel.EMAIL,
        addresses=["a@example.org", "b@example.org"],
        read=3,
        bad_lines=[
            BadLine(1, "Email", NO_EMAIL),
            BadLine(4, "nobody", NO_EMAIL),
            BadLine(4, "c@example", "The part after the @ needs a dot, such as example.org."),
            BadLine(5, "bob", NO_EMAIL),
        ],
    )


def test_read_takes_mobile_numbers():
    pasted = pasting.read("+33 6 12 34 56 78\nMarie <0033699999999>; 06 12 34 56 78", Channel.SMS)

    assert pasted.addresses == ["+33612345678", "+33699999999"]
    assert [(bad.line, bad.text) for bad in pasted.bad_lines] == [(2, "06 12 34 56 78")]


@pytest.mark.parametrize("channel", [Channel.PUSH, Channel.DIRECT_MAIL])
def test_read_refuses_a_channel_without_an_address(channel):
    with pytest.raises(ValueError, match="has no address"):
        pasting.read("a@example.org", channel)


def test_read_takes_as_many_lines_as_it_says(monkeypatch):
    monkeypatch.setattr(pasting, "MOST_LINES", 3)

    assert pasting.read("a@example.org\n" * 3, Channel.EMAIL).read == 3
    with pytest.raises(ListTooLong, match="A list may have 3 lines"):
        pasting.read("a@example.org\n" * 4, Channel.EMAIL)
