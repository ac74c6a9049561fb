"""A stranger's browser, a person who can be told from anybody else, and a page that is online."""

import pytest
from django.test import Client

from deliveries.transports import memory
from tests.factories import ProfileFactory, PublishedPageFactory


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def marie(db):
    return ProfileFactory(email="marie@example.org", mobile="+33612345678", last_name="Featherstone", preferred_language="en")


@pytest.fixture
def online(db):
    return PublishedPageFactory()


@pytest.fixture
def outbox(settings):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    memory.outbox.clear()
    return memory.outbox
