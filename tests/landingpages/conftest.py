"""A page that is being edited, one that is online, and short ways to their blocks."""

import pytest
from django.test import Client

from landingpages import forms
from tests.factories import LandingPageFactory, PublishedPageFactory


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def draft(db):
    """The acquisition template as it comes: heading, text, name, email, mobile, four boxes, button."""
    return LandingPageFactory()


@pytest.fixture
def online(db):
    """The same, published as version 1."""
    return PublishedPageFactory()


@pytest.fixture
def block_for():
    """The block of a page that is bound to this field."""

    def find(page, field):
        return page.blocks.get(field=field)

    return find


@pytest.fixture
def input_name():
    """The name in the form of the block of a content that is bound to this field."""

    def find(content, field):
        return next(forms.field_name(block) for block in content["blocks"] if block["field"] == field)

    return find
