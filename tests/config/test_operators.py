"""What an administrator can give to operators."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

FOLDERS = ["config", "profiles", "quarantine", "landingpages", "deliveries", "templates"]
VERBS = "add|change|delete|view|publish|confirm|prepare"
NAMES = re.compile(rf"(?<!from )\b(profiles|quarantine|landingpages|deliveries|auth)\.((?:{VERBS})_[a-z]+)\b")


def asked_for():
    """Every permission that a view or a template names."""
    paths = [path for folder in FOLDERS for kind in ("*.py", "*.html") for path in (settings.ROOT / folder).rglob(kind)]
    return {match.groups() for path in paths for match in NAMES.finditer(path.read_text(encoding="utf-8"))}


@pytest.mark.django_db
def test_every_permission_that_a_page_asks_for_can_be_given(backoffice, django_user_model):
    ben = django_user_model.objects.create_user("ben", is_staff=True)
    form = backoffice.get(reverse("admin:auth_user_change", args=[ben.pk])).context["adminform"].form
    offered = set(form.fields["user_permissions"].queryset.values_list("content_type__app_label", "codename"))

    assert ("landingpages", "publish_landingpage") in asked_for()
    assert asked_for() - offered == set()
