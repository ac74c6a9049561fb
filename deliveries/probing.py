"""Does the unsubscription link of a message really answer? Asked over the network, by the worker alone (decision 18)."""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

SECONDS = 5.0
BYTES = 200_000  # of the answer that are looked at


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Unreachable(Exception):
    """Nobody answered; the message says why."""


def ask(url: str) -> Answer:
    """What a GET is answered; the UNSUBSCRIBE_PROBE setting says how it is asked."""
    answer: Answer = import_string(settings.UNSUBSCRIBE_PROBE)(url)
    return answer


def over_http(url: str) -> Answer:
    """Over HTTP or HTTPS, as recipients come: certificates are verified, redirects followed."""
    request = urllib.request.Request(url, headers={"User-Agent": "Heed"})  # noqa: S310 (PUBLIC_URL is the operator's own)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            return Answer(response.status, response.read(BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(str(getattr(error, "reason", "") or error) or type(error).__name__) from error
