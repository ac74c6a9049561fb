"""The back office's quarantine pages beside the admin's own."""

from django.urls import path

from quarantine import views

app_name = "quarantine"
urlpatterns = [
    path("quarantine/status/", views.status, name="status"),
    path("quarantine/<int:record_id>/<slug:name>/", views.act, name="act"),
]
