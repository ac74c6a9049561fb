"""Pages of our own inside the back office: login, permission, and the frame that every page shares."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], R]


def backoffice_view(permission: str | list[str]) -> Callable[[View[P, R]], View[P, R]]:
    """A view for operators who have the permission, such as "profiles.view_profile", or one of a list that other apps may
    add to; others get the login or 403."""

    def decorate(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            enough = [permission] if isinstance(permission, str) else permission
            if not any(request.user.has_perm(one) for one in enough):
                raise PermissionDenied(_("You may not open this page: ask an administrator for the right to do so."))
            return view(request, *args, **kwargs)

        return admin.site.admin_view(checked)

    return decorate


def render(
    request: HttpRequest,
    template: str,
    *,
    title: str,
    crumbs: list[tuple[str, str]] | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """A page in the frame of the back office; `crumbs` are (label, URL) of the pages above it."""
    request.current_app = admin.site.name
    frame = admin.site.each_context(request) | {"title": title, "crumbs": crumbs or []}
    return TemplateResponse(request, template, frame | context, status=status)


def operator(request: HttpRequest) -> AbstractUser:
    """Who is logged in, for `by=` in the views that backoffice_view guards."""
    if not isinstance(request.user, AbstractUser):
        raise PermissionDenied
    return request.user


def typed(request: HttpRequest, name: str) -> str:
    """What stands in the query, to be searched for; without the NUL that PostgreSQL takes in no text."""
    return request.GET.get(name, "").replace("\0", "").strip()


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; without it the same URL answers with the whole."""
    return request.headers.get("HX-Request") == "true"
