"""A page on somebody's website: in a frame of a site that is named, or as a plain form that leads here.

The form on the other site writes nothing: what it sends comes back on our own page, to be looked at and sent from there
with its stamp. So no stamp has to stand in a file that anybody can read, and no site acts for anybody.
"""

import re
from collections.abc import Mapping

from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from landingpages.models import PublishedVersion
from landingpages.visits import Visit

KEY = "page"  # name of the hidden input that says which version the form was copied from
SALT = "landingpages.embedded"
MOST_ORIGINS = 20
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
ORIGIN = re.compile(rf"https://{LABEL}(?:\.{LABEL})*(?::[1-9][0-9]{{0,4}})?")


def origins(text: str) -> list[str]:
    """The sites of a text, one on each line, as browsers compare them; ValidationError names the line that is none."""
    found: dict[str, None] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        found[_origin(line)] = None
    if len(found) > MOST_ORIGINS:
        raise ValidationError(_("At most %(most)s sites.") % {"most": MOST_ORIGINS})
    return list(found)


def _origin(line: str) -> str:
    scheme, separator, host = line.rstrip("/").partition("://")
    try:
        name, colon, port = host.lower().partition(":")
        plain = f"{scheme.lower()}{separator}{name.encode('idna').decode()}{colon}{port}".removesuffix(":443")
    except UnicodeError:
        plain = ""
    if not ORIGIN.fullmatch(plain) or len(plain) > 255:
        raise ValidationError(
            _("“%(line)s” is no site: write https:// and a host, such as https://www.example.org, without a path.")
            % {"line": line}
        )
    return plain


def allow(response: HttpResponse, visit: Visit) -> HttpResponse:
    """Let the sites of the published version show the page in a frame; never a page that knows who reads it."""
    named: list[str] = visit.content["settings"].get("embed_origins") or []
    if named and visit.profile is None and "Content-Security-Policy" in response.headers:
        policy = response.headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {' '.join(named)}"
        )
        response.xframe_options_exempt = True
    return response


def key(version: PublishedVersion) -> str:
    """Says, signed, of which page and version a form is a copy."""
    return signing.dumps([version.page_id, version.pk], salt=SALT)


def is_of(data: Mapping[str, str], version: PublishedVersion) -> bool:
    """Whether the form is a copy of this very version: only then do its ticks mean what they meant."""
    try:
        return bool(signing.loads(data.get(KEY, ""), salt=SALT) == [version.page_id, version.pk])
    except signing.BadSignature:
        return False
