"""Channels: a way of reaching someone, the address it needs and the box that forbids it."""

import re
from collections.abc import Callable
from typing import Self

import email_validator
import phonenumbers
from django.db.models import CharField, F, Q, TextChoices, Value
from django.db.models.functions import Lower, Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email

from profiles import numbers

ANY_CHANNEL = "all"  # the scope of "No longer contact (by any channel)"

# The library refuses .test, .local and other reserved names whatever it is asked; this list is its documented switch.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

# Nearly every address of a file looks like this, and the library needs 40 times as long for the same answer.
PLAIN_EMAIL = re.compile(
    r"[a-z0-9_'+-]+(?:\.[a-z0-9_'+-]+)*@(?!.*--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII | re.IGNORECASE
)


class InvalidAddress(ValueError):
    """The text is no address of this channel; the message says why, for the person who typed it."""


def normalise_email(text: str) -> str:
    """The address in lower case with its domain in ASCII (IDNA 2008), as profiles and quarantine store it.

    Reserved domains such as .test and .local are accepted: Heed also runs on networks of its own.
    """
    text = text.strip()
    if len(text) <= 254 and PLAIN_EMAIL.fullmatch(text):
        return text.lower()
    try:
        parts = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise InvalidAddress(_("Enter an email address such as marie@example.org.")) from error
    domain = parts.ascii_domain.lower()
    if "." not in domain:
        raise InvalidAddress(_("The part after the @ needs a dot, such as example.org."))
    address = f"{parts.local_part.lower()}@{domain}"
    if len(address) > 254:
        raise InvalidAddress(_("An email address has at most 254 characters."))
    return address


def normalise_mobile(text: str) -> str:
    """The number in E.164 form: +, country code, number, without spaces (ITU-T E.164)."""
    text = text.strip()
    if numbers.is_e164(text):
        return text
    if text.startswith("00"):
        text = "+" + text[2:]
    if not text.startswith("+"):
        raise InvalidAddress(_("Start the number with + and the country code, such as +33 6 12 34 56 78."))
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise InvalidAddress(_("Enter a mobile number such as +33 6 12 34 56 78.")) from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidAddress(_("This number is too short or too long for its country."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_nothing(text: str) -> str:
    return text.strip()


class Channel(TextChoices):
    """A way of reaching someone.

    `address_field` names the profile's column with the normalised address; it is empty for a channel that no
    delivery uses yet. `opt_out_field` names the box on the General tab.
    """

    address_field: str
    opt_out_field: str
    normalise: Callable[[str], str]

    def __new__(cls, value: str, address_field: str, opt_out_field: str, normalise: Callable[[str], str]) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.address_field = address_field
        member.opt_out_field = opt_out_field
        member.normalise = normalise
        return member

    EMAIL = "email", "email", "opted_out_email", normalise_email, _("Email")
    SMS = "sms", "mobile", "opted_out_sms", normalise_mobile, _("SMS")
    PUSH = "push", "", "opted_out_push", normalise_nothing, _("Push notification")
    DIRECT_MAIL = "direct_mail", "", "opted_out_direct_mail", normalise_nothing, _("Direct mail")

    @classmethod
    def of(cls, value: str) -> "Channel":
        """The channel of a stored value such as "email"; KeyError for anything else."""
        return cls[value.upper()]

    @classmethod
    def addressed(cls) -> list["Channel"]:
        """The channels whose address a profile carries, in the order of the General tab."""
        return [channel for channel in cls if channel.address_field]

    def malformed(self, address: str) -> Q:
        """True in SQL for an address that normalise() would not have stored: nothing can be handed over to it."""
        return MALFORMED[self.value](address)


def _malformed_email(address: str) -> Q:
    """By positions and not by LIKE, which takes SQLite twice as long."""
    text, column = CharField(), F(address)
    at, space = (StrIndex(column, Value(character, text)) for character in "@ ")
    ends_with_at = Exact(Right(column, 1), Value("@", text))
    return ~(Q(GreaterThan(at, 1), Exact(space, 0), **{address: Lower(column)}) & ~Q(ends_with_at))


def _malformed_mobile(address: str) -> Q:
    return ~Q(**{f"{address}__startswith": "+"}) | Q(**{f"{address}__contains": " "})


MALFORMED: dict[str, Callable[[str], Q]] = {"email": _malformed_email, "sms": _malformed_mobile}

# Scope of a choice -> the profile's column, in the order of the General tab.
OPT_OUT_FIELDS = {ANY_CHANNEL: "opted_out_all"} | {channel.value: channel.opt_out_field for channel in Channel}
OPT_OUT_LABELS = {
    ANY_CHANNEL: _("No longer contact (by any channel)"),
    "email": _("No longer contact by email"),
    "sms": _("No longer contact by SMS"),
    "push": _("No longer contact by push notification"),
    "direct_mail": _("No longer contact by direct mail"),
}
