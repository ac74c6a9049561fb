"""The back office's profile pages beside the admin's own."""

from django.urls import URLPattern, path

from profiles import record_views, selection_views, timeline_views, views

app_name = "profiles"
urlpatterns: list[URLPattern] = [
    path("profiles/no-longer-contact/", selection_views.opt_out, name="opt_out"),
    path("profiles/<int:profile_id>/consent-history/", views.consent_history, name="consent_history"),
    path("profiles/<int:profile_id>/consent-record/", record_views.consent_record_page, name="consent_record"),
    path("profiles/<int:profile_id>/subscriptions/", views.subscription_list, name="subscriptions"),
    path("profiles/<int:profile_id>/subscriptions/subscribe/", views.subscribe, name="subscribe"),
    path("profiles/<int:profile_id>/subscriptions/unsubscribe/", views.unsubscribe, name="unsubscribe"),
    path("profiles/<int:profile_id>/marketing-history/", timeline_views.marketing_history, name="marketing_history"),
    path("profiles/<int:profile_id>/personal-link/", views.personal_link, name="personal_link"),
]
