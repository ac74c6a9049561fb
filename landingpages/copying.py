"""New pages from what is there: a copy of a page, a page from a template, a template from either.

A copy takes every block and property over but what is a page's own: its name, its life, what it is the default of. Blocks
keep their keys, so that what names another block goes on naming it.
"""

import secrets
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from landingpages.models import Block, LandingPage
from landingpages.templates_builtin import TEMPLATES, create_page, store
from profiles.models import Service

By = AbstractUser | str
OWN = {
    "id",
    "label",
    "slug",
    "status",
    "is_default",
    "version",
    "created_at",
    "created_by",
    "modified_at",
    "modified_by",
    "revision",
    "is_template",
    "deploys_at",
    "expires_at",
    "archived_at",
    "archived_by",
}
OWN_OF_BLOCK = {"id", "page"}


def templates() -> QuerySet[LandingPage]:
    """The operators' own templates, by name."""
    return LandingPage.objects.filter(is_template=True).order_by("label", "pk")


def copy(page: LandingPage, *, label: str, slug: str, by: By, is_template: bool = False, **values: Any) -> LandingPage:
    """A new page, or template, with what this one is as it is edited; ValidationError for a bad or taken address."""
    fields = [field for field in page._meta.concrete_fields if field.name not in OWN]
    taken = {field.attname: getattr(page, field.attname) for field in fields}
    made = LandingPage(**(taken | values), label=label, slug=slug, is_template=is_template)
    return store(made, [_copied(block) for block in page.every_block.all()], by=by)


def save_as_template(page: LandingPage, *, label: str, description: str, by: By) -> LandingPage:
    """A template of the page: without dates, never published, edited in the same builder."""
    return copy(page, label=label, slug=_no_address(), description=description, by=by, is_template=True)


def duplicate_built_in(name: str, *, by: By) -> LandingPage:
    """An own template with what a built-in one says, to be changed."""
    label = _("%(label)s (copy)") % {"label": TEMPLATES[name].label}
    description = str(TEMPLATES[name].description)
    return create_page(name, label=label, slug=_no_address(), by=by, description=description, is_template=True)


def create_from(template: str, *, label: str, slug: str, by: By, service: Service | None, description: str) -> LandingPage:
    """A page from a built-in template by its name, or from an own one by its number; ValidationError as `copy`."""
    values: dict[str, Any] = {"description": description}
    if template in TEMPLATES:
        return create_page(template, label=label, slug=slug, by=by, service=service, **values)
    own = templates().get(pk=int(template))
    if service:
        values |= {"service_id": service.pk, "service_from_url": False, "served": {}}
    return copy(own, label=label, slug=slug, by=by, **values)


def _copied(block: Block) -> Block:
    fields = [field for field in block._meta.concrete_fields if field.name not in OWN_OF_BLOCK]
    return Block(**{field.attname: getattr(block, field.attname) for field in fields})


def _no_address() -> str:
    """Templates are opened by nobody; the address that the column asks for is nothing that a page would choose."""
    return f"template-{secrets.token_hex(16)}"
