"""The kinds of values that a condition of an audience may have: what the tree holds, what a form sends, what people read.

A form sends every value as a list of texts; a kind turns them into the JSON of the tree and back. No kind ever makes a
value out of a text that it does not understand.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from django.utils.formats import date_format, number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

Choices = list[tuple[Any, Any]]
MOST = 1000  # entries of a list
LONGEST = 200  # characters of a text
EARLIEST, LATEST = date(1800, 1, 1), date(8999, 12, 31)
BOXES = 12  # choices that are shown as boxes; more become a list to choose from


def is_text(value: Any) -> bool:
    """A text that both databases can hold, without control characters, and not longer than anybody would type."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        return False
    return not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value)


class Unreadable(ValueError):
    """What was typed is no value of this kind; the message is for the person who typed it."""


@dataclass(frozen=True)
class Input:
    """One control of a form: `kind` is text, number, date, select, boxes or list."""

    kind: str
    label: str
    texts: list[str]
    choices: Choices = field(default_factory=list)
    unit: str = ""


class Value(ABC):
    """A kind of value. `accepts` judges the JSON of a tree, `read` what a form sent (Unreadable where it cannot)."""

    size: ClassVar[int] = 1  # texts that a form sends for it; 0: any number

    @abstractmethod
    def accepts(self, value: Any) -> bool: ...

    @abstractmethod
    def read(self, texts: Sequence[str]) -> Any: ...

    def texts(self, value: Any) -> list[str]:
        return [str(value)]

    def words(self, value: Any) -> dict[str, str]:
        """What the phrase of the operator is filled with."""
        return {"value": str(value)}

    @abstractmethod
    def inputs(self, texts: list[str]) -> list[Input]: ...


class Nothing(Value):
    """For "is empty": the tree holds null."""

    size = 0

    def accepts(self, value: Any) -> bool:
        return value is None

    def read(self, texts: Sequence[str]) -> None:
        return None

    def texts(self, value: Any) -> list[str]:
        return []

    def words(self, value: Any) -> dict[str, str]:
        return {}

    def inputs(self, texts: list[str]) -> list[Input]:
        return []


class Text(Value):
    def accepts(self, value: Any) -> bool:
        return is_text(value)

    def read(self, texts: Sequence[str]) -> str:
        text = " ".join("".join(texts[:1]).split())
        if not text:
            raise Unreadable(_("Write what to look for."))
        if not self.accepts(text):
            raise Unreadable(_("Write at most %(longest)s characters, without control characters.") % {"longest": LONGEST})
        return text

    def inputs(self, texts: list[str]) -> list[Input]:
        return [Input("text", _("Value"), texts[:1])]


class Number(Value):
    def accepts(self, value: Any) -> bool:
        return type(value) in (int, float) and math.isfinite(value) and abs(value) <= 2**53

    def read(self, texts: Sequence[str]) -> int | float:
        plain = "".join("".join(texts[:1]).split()).replace(",", ".")
        try:
            value = float(plain) if "." in plain or "e" in plain.lower() else int(plain)
        except ValueError as error:
            raise Unreadable(_("Write a number, such as 12 or 3.5.")) from error
        if not self.accepts(value):
            raise Unreadable(_("This number is too large."))
        return value

    def words(self, value: Any) -> dict[str, str]:
        return {"value": number_format(value)}

    def inputs(self, texts: list[str]) -> list[Input]:
        return [Input("decimal", _("Number"), texts[:1])]


@dataclass(frozen=True)
class Whole(Value):
    """A whole number from 0 to `most`, such as an age."""

    most: int

    def accepts(self, value: Any) -> bool:
        return type(value) is int and 0 <= value <= self.most

    def read(self, texts: Sequence[str]) -> int:
        text = "".join(texts[:1]).strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        if not self.accepts(value):
            raise Unreadable(_("Write a whole number from 0 to %(most)s.") % {"most": self.most})
        return value

    def inputs(self, texts: list[str]) -> list[Input]:
        return [Input("number", _("Number"), texts[:1])]


class Days(Whole):
    """A number of days; in words with its unit."""

    def words(self, value: Any) -> dict[str, str]:
        return {"value": ngettext("%(number)s day", "%(number)s days", value) % {"number": number_format(value)}}

    def inputs(self, texts: list[str]) -> list[Input]:
        return [Input("number", _("Days"), texts[:1], unit=_("days"))]


class Day(Value):
    """A day as ISO 8601 text."""

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, str) or len(value) != 10:
            return False
        try:
            return EARLIEST <= date.fromisoformat(value) <= LATEST
        except ValueError:
            return False

    def read(self, texts: Sequence[str]) -> str:
        text = "".join(texts[:1]).strip()
        if not self.accepts(text):
            raise Unreadable(_("Write a date as year-month-day, such as 1984-02-29."))
        return text

    def words(self, value: Any) -> dict[str, str]:
        return {"value": date_format(date.fromisoformat(value))}

    def inputs(self, texts: list[str]) -> list[Input]:
        return [Input("date", _("Date"), texts[:1])]


@dataclass(frozen=True)
class OneOf(Value):
    """Some of the choices, as a list of their codes. A code that is no choice any more is kept, and finds who has it."""

    choices: Callable[[], Choices]
    codes: Callable[[str], bool] = str.isalnum
    size: ClassVar[int] = 0

    def accepts(self, value: Any) -> bool:
        return (
            isinstance(value, list) and len(value) <= MOST and all(isinstance(code, str) and self.codes(code) for code in value)
        )

    def read(self, texts: Sequence[str]) -> list[str]:
        codes = list(dict.fromkeys(text for text in texts if text))
        if not codes:
            raise Unreadable(_("Choose at least one."))
        if not self.accepts(codes):
            raise Unreadable(_("Choose from the list."))
        return codes

    def texts(self, value: Any) -> list[str]:
        return list(value)

    def words(self, value: Any) -> dict[str, str]:
        names = dict(self.choices())
        return {"value": get_text_list([str(names.get(code, code)) for code in value], _("or")) if value else _("none")}

    def inputs(self, texts: list[str]) -> list[Input]:
        choices = [(code, str(name)) for code, name in self.choices()]
        gone = [(text, text) for text in texts if text and text not in dict(choices)]
        if len(choices) <= BOXES:
            return [Input("boxes", _("One or several"), texts, [*choices, *gone])]
        chosen = [choice for choice in choices if choice[0] in texts]  # first, where they can be seen
        others = [choice for choice in choices if choice[0] not in texts]
        return [Input("list", _("One or several"), texts, [*chosen, *gone, *others])]


@dataclass(frozen=True)
class Entry(Value):
    """One row of another table by its number: a service, a delivery, a list."""

    label: Any
    choices: Callable[[list[int]], Choices]  # those to choose from, and the named ones whatever they are
    gone: Any  # "a deleted service"

    def accepts(self, value: Any) -> bool:
        return type(value) is int and 0 < value < 2**63

    def read(self, texts: Sequence[str]) -> int:
        text = "".join(texts[:1])
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
        if not self.accepts(value) or value not in dict(self.choices([value])):
            raise Unreadable(_("Choose from the list."))
        return value

    def words(self, value: Any) -> dict[str, str]:
        return {"value": str(dict(self.choices([value])).get(value, self.gone))}

    def inputs(self, texts: list[str]) -> list[Input]:
        named = [int(text) for text in texts[:1] if text.isascii() and text.isdigit() and len(text) < 19]
        choices = [("", _("Choose…")), *((str(pk), name) for pk, name in self.choices(named))]
        return [Input("select", str(self.label), texts[:1], choices)]


@dataclass(frozen=True)
class Pair(Value):
    """Two values, such as a service and a number of days."""

    first: Value
    second: Value
    size: ClassVar[int] = 2

    def accepts(self, value: Any) -> bool:
        return isinstance(value, list) and len(value) == 2 and self.first.accepts(value[0]) and self.second.accepts(value[1])

    def read(self, texts: Sequence[str]) -> list[Any]:
        return [self.first.read(texts[:1]), self.second.read(texts[1:2])]

    def texts(self, value: Any) -> list[str]:
        return [*self.first.texts(value[0]), *self.second.texts(value[1])]

    def words(self, value: Any) -> dict[str, str]:
        return {"first": self.first.words(value[0])["value"], "second": self.second.words(value[1])["value"]}

    def inputs(self, texts: list[str]) -> list[Input]:
        return [*self.first.inputs(texts[:1]), *self.second.inputs(texts[1:2])]


class Between(Pair):
    """From the first to the second, both included."""

    def __init__(self, one: Value) -> None:
        super().__init__(one, one)

    def accepts(self, value: Any) -> bool:
        return super().accepts(value) and value[0] <= value[1]

    def read(self, texts: Sequence[str]) -> list[Any]:
        value = super().read(texts)
        if not self.accepts(value):
            raise Unreadable(_("The first value must not be above the second."))
        return value

    def inputs(self, texts: list[str]) -> list[Input]:
        low, high = super().inputs(texts)
        return [_relabel(low, pgettext("range", "From")), _relabel(high, pgettext("range", "To"))]


def _relabel(control: Input, label: str) -> Input:
    return Input(control.kind, label, control.texts, control.choices, control.unit)
