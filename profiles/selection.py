"""A set of profiles chosen in the list: a few by id, or all that the list's filters find, evaluated anew each time."""

import copy
from dataclasses import dataclass
from typing import Self

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from profiles.channels import OPT_OUT_FIELDS
from profiles.models import Profile

MOST_IDS = 200  # as many as one page of the list can show


class InvalidSelection(ValueError):
    """The address of the page names no selection that the list could have made."""


@dataclass(frozen=True)
class Selection:
    """`ids`, or else `everything` that the list shows for the query string `filters`; `filters` also leads back to the list."""

    ids: tuple[int, ...]
    everything: bool
    filters: str

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        texts = query.get("ids", "").split(",") if query.get("ids") else []
        everything = query.get("everything") == "1"
        well_formed = len(texts) <= MOST_IDS and all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts)
        if not well_formed or everything == bool(texts):
            raise InvalidSelection
        return cls(tuple(int(text) for text in texts), everything, query.get("filters", ""))

    def as_query(self) -> str:
        query = QueryDict(mutable=True)
        query["filters"] = self.filters
        if self.everything:
            query["everything"] = "1"
        else:
            query["ids"] = ",".join(str(pk) for pk in self.ids)
        return query.urlencode()

    @property
    def list_url(self) -> str:
        """The list as the operator left it."""
        url = reverse("admin:profiles_profile_changelist")
        return f"{url}?{self.filters}" if self.filters else url

    def profiles(self, request: HttpRequest) -> QuerySet[Profile]:
        """The profiles, through the list itself: its own search and filters, nothing else."""
        model_admin = admin.site.get_model_admin(Profile)
        if not self.everything:
            return model_admin.get_queryset(request).filter(pk__in=self.ids)
        listed = copy.copy(request)
        listed.GET = QueryDict(self.filters)
        try:
            return model_admin.get_changelist_instance(listed).get_queryset(listed)
        except IncorrectLookupParameters as error:
            raise InvalidSelection from error


def figures(profiles: QuerySet[Profile]) -> dict[str, int]:
    """The size of the set under "selected", and per scope how many have that box ticked already; one query."""
    ticked = {scope: Count("pk", filter=Q(**{field: True})) for scope, field in OPT_OUT_FIELDS.items()}
    return profiles.order_by().aggregate(selected=Count("pk"), **ticked)
