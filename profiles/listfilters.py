"""What the filters of every list in the back office have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold import views


class Filter(admin.SimpleListFilter, ABC):
    """One select of the filter form; a value that it does not offer is refused."""

    template = "admin/profiles/filter.html"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        value = self.value()
        if not value:
            return queryset
        if value not in {str(key) for key, _label in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.narrow(queryset, value)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows that belong to the choice."""
        return queryset.filter(self.condition(value))

    @abstractmethod
    def condition(self, value: str) -> Q:
        """What a row fulfils that belongs to the choice."""

    @property
    def options(self) -> Iterable[tuple[str, Any]]:
        return [(str(key), label) for key, label in self.lookup_choices]


class ChangeList(views.ChangeList):
    """A list whose filters count as active where one is chosen: the form also sends those left at "All"."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        """Among equals the direction of the column goes on, so that one index with the id gives both."""
        first, *others = super().get_ordering(request, queryset)
        is_up = isinstance(first, str) and not first.startswith("-") and others == ["-pk"]
        return [first, "pk"] if is_up else [first, *others]

    def get_filters(self, request: HttpRequest) -> tuple[Any, ...]:
        specs, *others, _sent = super().get_filters(request)
        return specs, *others, any(spec.value() for spec in specs)
