"""What asks for an address without a person who looks: heads, prefetches, and programs that say their name."""

import re

from django.http import HttpRequest

PREFETCH = ("Purpose", "Sec-Purpose", "X-Moz", "X-Purpose")
# What looks at mails and pages before people do. A name is enough: who hides is told by how fast and how much she clicks.
PROGRAMS = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|prefetch|monitor|curl|wget|python|java/|go-http|okhttp|headless"
    r"|barracuda|mimecast|proofpoint|symantec|trend ?micro|sophos|forcepoint|safelinks|cloudmark|ironport",
    re.IGNORECASE,
)


def is_looked_at(request: HttpRequest) -> bool:
    """Whether the request fetches something to show it now."""
    is_prefetch = any("prefetch" in request.headers.get(name, "").lower() for name in PREFETCH)
    return request.method == "GET" and not is_prefetch


def is_program(user_agent: str) -> bool:
    """Whether this is hardly a browser in somebody's hands."""
    return not user_agent or bool(PROGRAMS.search(user_agent))
