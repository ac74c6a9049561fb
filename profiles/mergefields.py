"""Merge fields: Liquid templates over plain texts. No code of ours can be reached from a template."""

import time
from collections.abc import Callable, Container, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from liquid import Environment, RenderContext
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.template import BoundTemplate
from liquid.token import Token

from profiles import customfields
from profiles.models import CustomField, CustomType, Profile

# What templates may say of a person, and the sentence that the picker shows beside it.
FIELDS = {
    "profile.title": gettext_lazy("Title"),
    "profile.first_name": gettext_lazy("First name"),
    "profile.last_name": gettext_lazy("Last name"),
    "profile.middle_name": gettext_lazy("Middle name"),
    "profile.full_name": gettext_lazy("First and last name"),
    "profile.gender": gettext_lazy("Gender: male, female or empty"),
    "profile.birth_date": gettext_lazy("Date of birth"),
    "profile.age": gettext_lazy("Age in years"),
    "profile.email": gettext_lazy("Email"),
    "profile.mobile": gettext_lazy("Mobile"),
    "profile.phone": gettext_lazy("Phone"),
    "profile.street": gettext_lazy("Street"),
    "profile.street_2": gettext_lazy("Address, line 2"),
    "profile.postal_code": gettext_lazy("Postal code"),
    "profile.city": gettext_lazy("City"),
    "profile.state": gettext_lazy("State or province"),
    "profile.country": gettext_lazy("Country"),
    "profile.language": gettext_lazy("Preferred language"),
}
CUSTOM = "profile.custom."  # and the key of a custom field


class InvalidTemplate(ValueError):
    """The text is no valid template; the message says what and where."""


# Bounds of one rendering (reliability X6): a template that needs more fails, it does not hold up a worker.
SECONDS = 1.0
BYTES = 1_000_000
REMOVED_TAGS = ("include", "render", "tablerow")
# "safe" would take a profile's text for HTML; the others cost more than they are told, and merge fields need none of them.
REMOVED_FILTERS = ("safe", "concat", "strip_html")


# What is left where nothing but merge fields is allowed.
PLAIN_TAGS = ("content", "output", "illegal")
PLAIN_FILTERS = ("default", "capitalize", "upcase", "downcase", "strip", "truncate")


class _Context(RenderContext):
    """Looks at the clock and at the size of the matter before each filter: chained, few of them fill any memory."""

    __slots__ = ("deadline",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deadline = time.monotonic() + SECONDS

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        function = super().filter(name, token)

        def bounded(value: object, *arguments: object, **named: object) -> object:
            longest = max((_length(one) for one in (*arguments, *named.values())), default=0)
            if (_length(value) + 1) * (longest + 1) > BYTES or time.monotonic() > self.deadline:
                raise ResourceLimitError(f"{name}: too much to do", token=token)
            return function(value, *arguments, **named)

        return bounded


class _Bound(BoundTemplate):
    context_class = _Context


class _Limited(Environment):
    template_class = _Bound
    loop_iteration_limit = 100  # no merge field is a list
    output_stream_limit = BYTES
    local_namespace_limit = 100_000  # bytes


def _length(value: object) -> int:
    return len(value) if isinstance(value, Sized) else 0


def _environment(*, autoescape: bool) -> Environment:
    environment = _Limited(autoescape=autoescape)
    for tag in REMOVED_TAGS:
        del environment.tags[tag]
    for name in REMOVED_FILTERS:
        del environment.filters[name]
    return environment


def _only_fields(*, autoescape: bool) -> Environment:
    environment = _environment(autoescape=autoescape)
    environment.tags = {name: tag for name, tag in environment.tags.items() if name in PLAIN_TAGS}
    environment.filters = {name: one for name, one in environment.filters.items() if name in PLAIN_FILTERS}
    return environment


HTML = _environment(autoescape=True)
TEXT = _environment(autoescape=False)
FIELDS_IN_HTML = _only_fields(autoescape=True)
FIELDS_IN_TEXT = _only_fields(autoescape=False)


@dataclass(frozen=True)
class Template:
    """A compiled text; `names` are the merge fields that it uses, `known` those that there are beside custom fields."""

    bound: BoundTemplate
    names: frozenset[str]
    source: str
    known: Container[str]

    def render(self, values: dict[str, Any]) -> str:
        """The text with the values merged in; InvalidTemplate where it cannot be made of these, or only at length."""
        try:
            return self.bound.render(**values)
        except LiquidError as error:
            raise InvalidTemplate(_explain(error, self.source)) from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # Filters let these through: "inf" is a name that cannot be rounded.
            raise InvalidTemplate(f"{type(error).__name__}: {error}") from error

    @property
    def unknown(self) -> list[str]:
        """The names that mean nothing; a query where custom fields are among them."""
        left = {name for name in self.names if name not in self.known}
        own = {name for name in left if name.startswith(CUSTOM)}
        keys = CustomField.objects.filter(key__in=[name.removeprefix(CUSTOM) for name in own]) if own else []
        return sorted(left - {CUSTOM + field.key for field in keys})

    @property
    def uses_custom_fields(self) -> bool:
        return any(name.startswith(CUSTOM) for name in self.names)


def compile_text(source: str, *, html: bool = False, only_fields: bool = False, known: Container[str] = FIELDS) -> Template:
    """Compile a template; InvalidTemplate names the line of a fault, a filter that does not exist too.

    `only_fields` allows merge fields and a few filters, and no tag.
    """
    environment = (FIELDS_IN_HTML if html else FIELDS_IN_TEXT) if only_fields else (HTML if html else TEXT)
    if len(source) > BYTES:
        raise InvalidTemplate(_("more than %(number)s characters") % {"number": BYTES})
    try:
        bound = environment.from_string(source)
        used = bound.analyze()
    except LiquidError as error:
        raise InvalidTemplate(_explain(error, source)) from error
    except RecursionError as error:
        raise InvalidTemplate(_("too deeply nested")) from error
    for name, (place, *_others) in used.filters.items():
        if name not in environment.filters:
            raise InvalidTemplate(_at(place.index, source, _("unknown filter '%(name)s'") % {"name": name}))
    paths = [str(variable) for variables in used.globals.values() for variable in variables]
    return Template(bound, frozenset(paths), source, known)


def _explain(error: LiquidError, source: str) -> str:
    start = getattr(error.token, "start_index", -1)
    message = str(error.message or error).splitlines()[0]
    return message if start < 0 else _at(start, source, message)


def _at(start: int, source: str, message: str) -> str:
    return _("line %(line)s: %(message)s") % {"line": source.count("\n", 0, start) + 1, "message": message}


def profile_values(profile: Profile, customs: Sequence[CustomField] = (), *, language: str = "") -> dict[str, Any]:
    """The merge fields of a person, all of them plain text; days and numbers as people write them in this language, or hers."""
    with override(language or language_of(profile)):
        born = date_format(profile.birth_date) if profile.birth_date else ""
        custom = {field.key: _custom(field, profile.custom.get(field.key)) for field in customs}
    return {
        "title": profile.title,
        "first_name": profile.first_name,
        "middle_name": profile.middle_name,
        "last_name": profile.last_name,
        "full_name": profile.full_name,
        "gender": profile.gender,
        "birth_date": born,
        "age": "" if profile.age is None else str(profile.age),
        "email": profile.email,
        "mobile": profile.mobile,
        "phone": profile.phone,
        "street": profile.street,
        "street_2": profile.street_2,
        "postal_code": profile.postal_code,
        "city": profile.city,
        "state": profile.state,
        "country": profile.country,
        "language": profile.preferred_language,
        "custom": custom,
    }


def language_of(profile: Profile) -> str:
    """The profile's language where it is one of ours, else that of the installation."""
    return profile.preferred_language if profile.preferred_language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _custom(field: CustomField, value: Any) -> str:
    """Yes and no are the same words in every language: templates compare them."""
    return (customfields.as_text if field.type == CustomType.YES_NO else customfields.in_words)(field, value)
