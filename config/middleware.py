"""What surrounds each request: who is logged in concerns the back office alone; pages that do not say their own
Content-Security-Policy get one."""

from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class DefaultPolicyMiddleware(CSPMiddleware):
    """django-csp puts its header together for every answer, also where the view has set one: public pages all have."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if HEADER in response else super().process_response(request, response)


PUBLIC = ("/lp/", "/u/", "/t/", "/c/", "/d/", "/brand/", "/media/")  # what recipients and visitors open: no session, no user


class ForOperators:
    """Leaves public addresses to the next middleware."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(PUBLIC):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class OperatorSessions(ForOperators, SessionMiddleware):
    pass


class OperatorAuthentication(ForOperators, AuthenticationMiddleware):
    pass


class OperatorMessages(ForOperators, MessageMiddleware):
    pass
