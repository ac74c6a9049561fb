import sys

from config.logs import TOKEN
from profiles.links import TOKEN_CHARACTERS
from tests.config.test_settings import COMPLETE, start

BROKEN = """
import django
django.setup()
from django.test import Client
from django.urls import path
from config import urls
def broken(request, token):
    raise RuntimeError("something broke")
urls.urlpatterns.insert(0, path("broken/<token>/end", broken))
client = Client(raise_request_exception=False, headers={"host": "news.example.org"})
for way in ("broken/", "nothing/"):
    print(client.get(f"/{way}" + "aZ0_-" * 14 + "abcd/end", secure=True).status_code)
"""


def test_an_error_in_production_is_on_stderr_without_the_link_that_was_opened():
    values = COMPLETE | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": "sqlite://:memory:"}

    ended = start([sys.executable, "-c", BROKEN], **values)

    assert ended.stdout.split()[0] == "500"
    assert "ERROR Internal Server Error: /broken/…/end\nTraceback (most recent call last):" in ended.stderr
    assert "RuntimeError: something broke" in ended.stderr
    assert "aZ0_-" not in ended.stderr


def test_whatever_is_as_long_as_a_token_is_taken_for_one():
    assert TOKEN.sub("…", f"/u/{'a' * TOKEN_CHARACTERS}/x?lang=fr") == "/u/…/x?lang=fr"
    assert TOKEN.sub("…", f"/u/{'a' * (TOKEN_CHARACTERS + 1)}") == f"/u/{'a' * (TOKEN_CHARACTERS + 1)}"
