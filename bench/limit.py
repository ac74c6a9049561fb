"""The limit for a page of one person: the token read, one row by its key, a text without a template; to post, the bare writes.

A WSGI application for gunicorn, on the same settings and the same database as the product; the floor of landing_page.py.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 (settings first)
from django.utils import timezone  # noqa: E402

from profiles import links  # noqa: E402
from profiles.links import Purpose  # noqa: E402

BOXES = "<input type=checkbox %s><input type=checkbox %s>"
PAGE = f"<!doctype html><title>limit</title><form method=post>{BOXES}</form>" + " " * 3000
READ = "SELECT id, opted_out_email, opted_out_sms FROM profiles_profile WHERE public_id = %s"
WRITE = "UPDATE profiles_profile SET opted_out_email = %s, opted_out_sms = %s, revision = revision + 1 WHERE id = %s"
RECORD = """INSERT INTO profiles_consentevent (profile_id, scope, service_label, before, after, at, source, "by",
    page_label, wording, delivery_label, detail, request_id, ip)
    VALUES (%s, %s, '', %s, %s, %s, 'landing_page', '', '', '', '', '', '', '')"""


def application(environment: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    token = environment["PATH_INFO"].rstrip("/").rpartition("/")[2]
    public_id = links.read_token(token, Purpose.PAGE).public_id
    key = public_id if connection.vendor == "postgresql" else public_id.hex
    with connection.cursor() as cursor:
        cursor.execute(READ, [key])
        number, email, sms = cursor.fetchone()
        if environment["REQUEST_METHOD"] == "POST":
            with transaction.atomic():
                cursor.execute(WRITE, [True, True, number])
                now = timezone.now()
                cursor.executemany(RECORD, [(number, scope, False, True, now) for scope in ("email", "sms")])
    start_response("200 OK", [("Content-Type", "text/html")])
    return [(PAGE % ("checked" * bool(email), "checked" * bool(sms))).encode()]
