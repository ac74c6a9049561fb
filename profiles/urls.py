"""The back office's profile pages beside the admin's own."""

from django.urls import URLPattern, path

from profiles import selection_views, service_list_views, service_log_views, views

app_name = "profiles"
urlpatterns: list[URLPattern] = [
    path("profiles/no-longer-contact/", selection_views.opt_out, name="opt_out"),
    path("profiles/<int:profile_id>/consent-history/", views.consent_history, name="consent_history"),
    path("profiles/<int:profile_id>/subscriptions/", views.subscription_list, name="subscriptions"),
    path("profiles/<int:profile_id>/subscriptions/subscribe/", views.subscribe, name="subscribe"),
    path("profiles/<int:profile_id>/subscriptions/unsubscribe/", views.unsubscribe, name="unsubscribe"),
    path("profiles/<int:profile_id>/personal-link/", views.personal_link, name="personal_link"),
    path("services/<int:service_id>/subscriptions/", service_log_views.subscribers, name="service_subscriptions"),
    path("services/<int:service_id>/history/", service_log_views.history_of, name="service_history"),
    path("services/<int:service_id>/dashboard/", service_log_views.dashboard, name="service_dashboard"),
    path("services/<int:service_id>/list/", service_list_views.subscribe_list, name="service_list"),
]
