"""Dates of birth: which ones can be, and the age that they give."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

EARLIEST = date(1900, 1, 1)


def check(born: date | None) -> None:
    """ValidationError for a day on which nobody who reads mail was born."""
    if born and born > timezone.localdate():
        raise ValidationError(_("This day is in the future."), code="future")
    if born and born < EARLIEST:
        raise ValidationError(_("Look at the year: nobody that old reads mail."), code="too_early")


def age(born: date | None) -> int | None:
    """Completed years today; None without a date of birth."""
    if born is None:
        return None
    today = timezone.localdate()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_in_words(age: int | None) -> str:
    """ "41 years"; "" where the date of birth is not known."""
    return "" if age is None else ngettext("%(age)s year", "%(age)s years", age) % {"age": age}
