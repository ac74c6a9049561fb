"""Every URL: the back office under /admin/, what recipients and visitors open under /u/, /t/, /lp/, /c/, /d/, /brand/."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import quarantine.urls
from config import paste_views

# "Paste a list" also opts out profiles, so its view belongs to no app.
quarantine_pages = [*quarantine.urls.urlpatterns, path("quarantine/paste/", paste_views.paste, name="paste")]
urlpatterns = [
    path("", include("landingpages.public_urls")),
    path("brand/", include("profiles.public_urls")),
    path("u/", include("deliveries.public_urls")),
    path("t/", include("deliveries.tracking_urls")),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", include("profiles.urls")),
    path("admin/", include("landingpages.urls")),
    path("admin/", include("deliveries.urls")),
    path("admin/", include((quarantine_pages, quarantine.urls.app_name))),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]
if settings.LOCAL_MAILBOX:
    urlpatterns.append(path("mailbox/", include("config.mailbox.urls")))
