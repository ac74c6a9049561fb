"""Every URL: the back office under /admin/, what recipients open under /u/."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", include("profiles.urls")),
    path("admin/", include("deliveries.urls")),
    path("admin/", admin.site.urls),
    path("u/", include("deliveries.public_urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
if settings.LOCAL_MAILBOX:
    urlpatterns.append(path("mailbox/", include("config.mailbox.urls")))
