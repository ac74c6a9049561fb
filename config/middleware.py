"""The Content-Security-Policy of pages that do not say their own."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class DefaultPolicyMiddleware(CSPMiddleware):
    """django-csp puts its header together for every answer, also where the view has set one: public pages all have."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if HEADER in response else super().process_response(request, response)
