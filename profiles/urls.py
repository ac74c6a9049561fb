"""The back office's profile pages beside the admin's own."""

from django.urls import URLPattern, path
from django.views.generic import RedirectView

app_name = "profiles"
view = RedirectView.as_view(pattern_name="admin:index")
urlpatterns: list[URLPattern] = [
    path("profiles/<int:profile_id>/consent-history/", view, name="consent_history"),
    path("profiles/<int:profile_id>/subscriptions/", view, name="subscriptions"),
]
