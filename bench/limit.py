"""The limit for a page of one person: a view that reads the token, one row by its key, and fills a text without a template;
to post, one UPDATE and the two INSERTs of the ledger.

A WSGI application for gunicorn, on the settings and the database of the product but the four middlewares that every site
has; the floor of landing_page.py.
"""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
settings.ROOT_URLCONF = "bench.limit"
settings.MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 (settings first)
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from profiles import links  # noqa: E402
from profiles.links import Purpose  # noqa: E402

BOXES = "<input type=checkbox %s><input type=checkbox %s>"
PAGE = f"<!doctype html><title>limit</title><form method=post>{BOXES}</form>" + " " * 3000
READ = "SELECT id, opted_out_email, opted_out_sms FROM profiles_profile WHERE public_id = %s"
WRITE = "UPDATE profiles_profile SET opted_out_email = %s, opted_out_sms = %s, revision = revision + 1 WHERE id = %s"
RECORD = """INSERT INTO profiles_consentevent (profile_id, scope, service_label, before, after, at, source, "by",
    page_label, wording, delivery_label, detail, request_id, ip)
    VALUES (%s, %s, '', %s, %s, %s, 'landing_page', '', '', '', '', '', '', '')"""


@csrf_exempt
def page(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    public_id = links.read_token(token, Purpose.PAGE).public_id
    key = public_id if connection.vendor == "postgresql" else public_id.hex
    with connection.cursor() as cursor:
        cursor.execute(READ, [key])
        number, email, sms = cursor.fetchone()
        if request.method == "POST":
            with transaction.atomic():
                cursor.execute(WRITE, [True, True, number])
                now = timezone.now()
                cursor.executemany(RECORD, [(number, scope, False, True, now) for scope in request.POST])
    return HttpResponse(PAGE % ("checked" * bool(email), "checked" * bool(sms)))


urlpatterns = [path("lp/<slug:slug>/<str:token>/", page)]
application = WSGIHandler()
