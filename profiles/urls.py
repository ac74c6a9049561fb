"""The back office's profile pages beside the admin's own."""

from django.urls import URLPattern, path

from profiles import export_views, import_views, selection_views, views

app_name = "profiles"
urlpatterns: list[URLPattern] = [
    path("profiles/no-longer-contact/", selection_views.opt_out, name="opt_out"),
    path("profiles/export/", export_views.export, name="export"),
    path("profiles/imports/", import_views.import_list, name="imports"),
    path("profiles/imports/new/", import_views.upload, name="import_upload"),
    path("profiles/imports/<int:import_id>/", import_views.show, name="import"),
    path("profiles/imports/<int:import_id>/check/", import_views.check, name="import_check"),
    path("profiles/imports/<int:import_id>/start/", import_views.start, name="import_start"),
    path("profiles/imports/<int:import_id>/cancel/", import_views.cancel, name="import_cancel"),
    path("profiles/imports/<int:import_id>/refused/", import_views.rejects, name="import_rejects"),
    path("profiles/<int:profile_id>/consent-history/", views.consent_history, name="consent_history"),
    path("profiles/<int:profile_id>/subscriptions/", views.subscription_list, name="subscriptions"),
    path("profiles/<int:profile_id>/subscriptions/subscribe/", views.subscribe, name="subscribe"),
    path("profiles/<int:profile_id>/subscriptions/unsubscribe/", views.unsubscribe, name="unsubscribe"),
    path("profiles/<int:profile_id>/personal-link/", views.personal_link, name="personal_link"),
]
