"""A paginator for lists of any length: it counts up to a limit and then says "more than"."""

from typing import Any

from django.core import paginator
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

LIMIT = 10_000  # rows that are counted and can be reached by page number; beyond, a search is the way


class Paginator(paginator.Paginator):
    """Pages of the first LIMIT rows; the database stops counting at the row after them."""

    @cached_property
    def reached(self) -> int:
        """The number of rows, LIMIT + 1 standing for any number above the limit."""
        if isinstance(self.object_list, QuerySet):
            counted_by: QuerySet[Any] | None = getattr(self.object_list, "counted_by", None)
            rows = self.object_list if counted_by is None else counted_by
            return rows.order_by()[: LIMIT + 1].count()
        return min(len(self.object_list), LIMIT + 1)

    @cached_property
    def count(self) -> int:
        return min(self.reached, LIMIT)

    @property
    def is_complete(self) -> bool:
        """Whether every row has a page."""
        return self.reached <= LIMIT

    @property
    def counted(self) -> str:
        """The number as people read it."""
        if self.is_complete:
            return number_format(self.count, force_grouping=True)
        return _("more than %(limit)s") % {"limit": number_format(LIMIT, force_grouping=True)}
