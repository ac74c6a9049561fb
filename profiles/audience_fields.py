"""What audiences may ask of a profile: its own fields, those of the installation, its subscriptions, and frozen lists."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from profiles import audience_columns as columns
from profiles import audience_operators as operators
from profiles import regions
from profiles.audience_columns import CustomTest
from profiles.audience_operators import LONGEST_DAYS
from profiles.audience_values import Choices, Days, Entry, Pair, is_text
from profiles.audiences import Field, InvalidAudience, Moment, Operator, among, register, register_source
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.fields import fold
from profiles.models import (
    AudienceMember,
    CustomField,
    CustomType,
    EmailFormat,
    Gender,
    Profile,
    SavedAudience,
    Service,
    Subscription,
)

PROFILE, CONTACT, ADDRESS = _("Profile"), _("Ways of contact"), _("Address")
CHOICES, CUSTOM, MEMBERSHIPS = _("No longer contact"), _("Custom fields"), _("Services and audiences")
CUSTOM_PREFIX = "custom."
MOST_ENTRIES = 500  # services or lists to choose from


def _label(column: str) -> Any:
    return capfirst(Profile._meta.get_field(column).verbose_name)  # type: ignore[union-attr]


def _field(column: str, group: Any, found: operators.Operators) -> Field:
    return Field(column, _label(column), found, group)


def _choice(column: str, choices: Any, **kwargs: Any) -> operators.Operators:
    return operators.choice(choices, lambda codes: Q(**{f"{column}__in": codes}), Q(**{column: ""}), **kwargs)


def _time_zones() -> Choices:
    return [(name, name) for name in sorted(available_timezones())]


def _folded(column: str) -> columns.TextColumn:
    return columns.exact_text(column, fold)


def _lower(text: str) -> str:
    return text.strip().lower()


BIRTH = columns.date_column("birth_date")
NOT_BORN = Q(birth_date__isnull=True)

PROFILE_FIELDS = [
    _field("title", PROFILE, operators.text(columns.loose_text("title"))),
    _field("first_name", PROFILE, operators.text(_folded("first_name_folded"))),
    _field("middle_name", PROFILE, operators.text(columns.loose_text("middle_name"))),
    _field("last_name", PROFILE, operators.text(_folded("last_name_folded"))),
    _field("gender", PROFILE, _choice("gender", lambda: list(Gender.choices))),
    _field(
        "birth_date",
        PROFILE,
        operators.day(BIRTH, NOT_BORN) | operators.birthday(partial(columns.in_month_days, "birth_date")),
    ),
    Field("age", _("Age"), operators.age(BIRTH, NOT_BORN), PROFILE),
    _field("preferred_language", PROFILE, _choice("preferred_language", regions.language_choices)),
    _field("time_zone", PROFILE, _choice("time_zone", _time_zones, codes=is_text)),
    _field("external_id", PROFILE, operators.text(columns.exact_text("external_id", str.strip))),
    _field("created_at", PROFILE, operators.day(columns.moment_column("created_at"))),
    _field("modified_at", PROFILE, operators.day(columns.moment_column("modified_at"))),
    _field("email", CONTACT, operators.text(columns.exact_text("email", _lower))),
    _field("email_domain", CONTACT, operators.text(columns.exact_text("email_domain", lambda text: _lower(text).lstrip("@")))),
    _field("email_format", CONTACT, _choice("email_format", lambda: list(EmailFormat.choices))),
    _field("mobile", CONTACT, operators.text(columns.exact_text("mobile", lambda text: "".join(text.split())))),
    _field("phone", CONTACT, operators.text(columns.loose_text("phone"))),
    _field("fax", CONTACT, operators.text(columns.loose_text("fax"))),
    _field("address_specified", ADDRESS, operators.yes_no(Q(address_specified=True))),
    *(
        _field(name, ADDRESS, operators.text(columns.loose_text(name)))
        for name in ("street", "street_2", "postal_code", "city", "state")
    ),
    _field("country", ADDRESS, _choice("country", regions.country_choices)),
    *(Field(name, OPT_OUT_LABELS[scope], operators.yes_no(Q(**{name: True})), CHOICES) for scope, name in OPT_OUT_FIELDS.items()),
    _field("ccpa_opt_out", CHOICES, operators.yes_no(Q(ccpa_opt_out=True))),
]


def custom_fields() -> Iterator[Field]:
    """The fields that this installation adds, each with the operators of its type; one query."""
    for field in CustomField.objects.all():
        yield Field(CUSTOM_PREFIX + field.key, field.label, CUSTOM_OPERATORS[CustomType(field.type)](field), CUSTOM)


def _custom_number(field: CustomField) -> operators.Operators:
    def compare(sign: str, value: Any) -> Q:
        return Q(CustomTest(field.key, "number", "{value} " + sign + " {}", value))

    return operators.number(compare, _has_no(field, "number"))


def _custom_choice(field: CustomField) -> operators.Operators:
    def chosen(texts: list[str]) -> Q:
        marks = ", ".join("{}" for _text in texts)
        return Q(CustomTest(field.key, "text", "{value} IN (" + marks + ")", *texts)) if texts else Q(pk__in=[])

    options = [(option, option) for option in field.options]
    return operators.choice(lambda: options, chosen, _has_no(field, "text"), codes=is_text)


def _custom_yes_no(field: CustomField) -> operators.Operators:
    yes, no = (Q(CustomTest(field.key, "boolean", "{value} = {}", answer)) for answer in (True, False))
    return operators.yes_no(yes, no)


def _has_no(field: CustomField, kind: str) -> Q:
    return ~Q(CustomTest(field.key, kind, "{value} IS NOT NULL"))


CUSTOM_OPERATORS = {
    CustomType.TEXT: lambda field: operators.text(columns.custom_text(field.key)),
    CustomType.NUMBER: _custom_number,
    CustomType.DATE: lambda field: operators.day(columns.custom_day(field.key), _has_no(field, "text")),
    CustomType.YES_NO: _custom_yes_no,
    CustomType.CHOICE: _custom_choice,
}


def _services(named: list[int]) -> Choices:
    return list(Service.objects.order_by("label").values_list("pk", "label")[:MOST_ENTRIES])


def _subscribed(service: int, low: date | None = None, high: date | None = None, *, moment: Moment) -> Q:
    current = Subscription.objects.current(moment.at).filter(service=service)
    if low or high:
        current = current.filter(columns.moment_limits("created_at", low, high, moment))
    return among(current, column="profile", is_unique=True)


SERVICE = Entry(_("Service"), _services, _("a deleted service"))
SERVICE_AND_DAYS = Pair(SERVICE, Days(LONGEST_DAYS))
SERVICE_FIELD = Field(
    "service",
    _("Service"),
    {
        "subscribed": Operator(
            _("subscribed to"),
            SERVICE,
            lambda value, moment: _subscribed(value, moment=moment),
            _("subscribed to “%(value)s”"),
        ),
        "not_subscribed": Operator(
            _("not subscribed to"),
            SERVICE,
            lambda value, moment: ~_subscribed(value, moment=moment),
            _("not subscribed to “%(value)s”"),
        ),
        "subscribed_last": Operator(
            _("subscribed in the last … days to"),
            SERVICE_AND_DAYS,
            lambda value, moment: _subscribed(value[0], moment.days_ago(value[1]), moment=moment),
            _("subscribed to “%(first)s” in the last %(second)s"),
        ),
        "subscribed_older": Operator(
            _("subscribed for more than … days to"),
            SERVICE_AND_DAYS,
            lambda value, moment: _subscribed(value[0], None, moment.days_ago(value[1] + 1), moment=moment),
            _("subscribed to “%(first)s” for more than %(second)s"),
        ),
    },
    MEMBERSHIPS,
)


def _lists(named: list[int]) -> Choices:
    """The complete lists, and a named one even where it is not among the newest."""
    complete = SavedAudience.objects.lists()
    newest = dict(complete.order_by("-pk").values_list("pk", "label")[:MOST_ENTRIES])
    return list((newest | dict(complete.filter(pk__in=named).values_list("pk", "label"))).items())


def _in_list(value: int) -> Q:
    """A list that is gone has no members, so "not in" it would be everybody."""
    if not SavedAudience.objects.lists().filter(pk=value).exists():
        raise InvalidAudience(noop("The audience names a list that is deleted or not complete."))
    return among(AudienceMember.objects.filter(audience=value), column="profile", is_unique=True)


LIST = Entry(_("Frozen list"), _lists, _("a deleted list"))
AUDIENCE_FIELD = Field(
    "audience",
    _("Frozen list"),
    {
        "in": Operator(_("is in"), LIST, lambda value, moment: _in_list(value), _("in the list “%(value)s”")),
        "not_in": Operator(_("is not in"), LIST, lambda value, moment: ~_in_list(value), _("not in the list “%(value)s”")),
    },
    MEMBERSHIPS,
)


def install() -> None:
    """Called once, when the apps are ready."""
    register(*PROFILE_FIELDS, SERVICE_FIELD, AUDIENCE_FIELD)
    register_source(custom_fields)
