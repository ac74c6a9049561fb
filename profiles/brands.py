"""Which brand a public page wears, and what a published version keeps of it."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction

from profiles.colours import ROLES, Scheme, tokens
from profiles.models import Brand

SCHEMES = ("light", "dark")
COLUMNS = [f"{scheme}_{role}" for scheme in SCHEMES for role in ROLES]
IN_ADDRESS = re.compile(r"[0-9a-f]{6}(-[0-9a-f]{6}){7}")

Frozen = dict[str, Any]


class Default:
    """The default brand, asked for once at most: pass it on where many pages are looked at."""

    @cached_property
    def brand(self) -> Brand | None:
        return Brand.objects.select_related("logo").filter(is_default=True).first()


def freeze(brand: Brand | None) -> Frozen | None:
    """All that a page shows of the brand, to be kept with a version."""
    if brand is None:
        return None
    logo = brand.logo
    return {
        "label": brand.label,
        "postal_address": brand.postal_address,
        "privacy_url": brand.privacy_url,
        "colours": "-".join(getattr(brand, name)[1:] for name in COLUMNS),
        "logo": {"digest": logo.digest, "width": logo.width, "height": logo.height} if logo else None,
    }


def shown(frozen: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What a page shows: this, else the default brand, else the sender of the settings in our own colours."""
    return frozen or freeze(Default().brand) or of_settings()


def of_version(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The brand that a version was published with; None for a version of a release that had no brands."""
    return content["brand"] or of_settings() if "brand" in content else None


def of_settings() -> Frozen:
    return {
        "label": settings.SENDER_NAME,
        "postal_address": settings.SENDER_POSTAL_ADDRESS,
        "privacy_url": settings.PRIVACY_URL,
        "colours": "",
        "logo": None,
    }


def schemes(colours: Mapping[str, str]) -> dict[str, Scheme]:
    """Light and dark from the columns of a brand."""
    return {scheme: Scheme(**{role: colours[f"{scheme}_{role}"] for role in ROLES}) for scheme in SCHEMES}


def stylesheet(colours: str) -> str | None:
    """The stylesheet that its address describes completely; None where that is no list of eight colours."""
    if not IN_ADDRESS.fullmatch(colours):
        return None
    light, dark = schemes(dict(zip(COLUMNS, (f"#{one}" for one in colours.split("-")), strict=True))).values()
    return "\n".join(
        [
            f":root {{ {_declarations(light)} --color-plate: {light.surface}; }}",
            f'@media (prefers-color-scheme: dark) {{ :root:not([data-scheme="light"]) {{ {_declarations(dark)} }} }}',
            f':root[data-scheme="dark"] {{ {_declarations(dark)} }}',
        ]
    )


def save(brand: Brand) -> None:
    """Store it; where it is the default brand, no other is."""
    with transaction.atomic():
        if brand.is_default:
            Brand.objects.filter(is_default=True).exclude(pk=brand.pk or 0).update(is_default=False)
        brand.save()


def _declarations(scheme: Scheme) -> str:
    return " ".join(f"--color-{name}: {value};" for name, value in tokens(scheme).items())
