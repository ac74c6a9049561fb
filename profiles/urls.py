"""The back office's profile pages beside the admin's own."""

from django.urls import URLPattern, path

from profiles import (
    audience_views,
    export_views,
    import_views,
    privacy_views,
    record_views,
    selection_views,
    service_list_views,
    service_log_views,
    timeline_views,
    views,
)

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
    path("profiles/<int:profile_id>/consent-record/", record_views.consent_record_page, name="consent_record"),
    path("profiles/<int:profile_id>/subscriptions/", views.subscription_list, name="subscriptions"),
    path("profiles/<int:profile_id>/subscriptions/subscribe/", views.subscribe, name="subscribe"),
    path("profiles/<int:profile_id>/subscriptions/unsubscribe/", views.unsubscribe, name="unsubscribe"),
    path("profiles/<int:profile_id>/marketing-history/", timeline_views.marketing_history, name="marketing_history"),
    path("profiles/<int:profile_id>/personal-link/", views.personal_link, name="personal_link"),
    path("profiles/<int:profile_id>/merge/", privacy_views.merge, name="merge"),
    path("profiles/<int:profile_id>/access/", privacy_views.answer, name="access"),
    path("profiles/<int:profile_id>/erase/", privacy_views.erase, name="erase"),
    path("audiences/", audience_views.audience_list, name="audiences"),
    path("audiences/new/", audience_views.add, name="audience_add"),
    path("audiences/builder/", audience_views.builder, name="audience_builder"),
    path("audiences/summary/", audience_views.summary, name="audience_summary"),
    path("audiences/<int:audience_id>/", audience_views.show, name="audience"),
    path("audiences/<int:audience_id>/edit/", audience_views.edit, name="audience_edit"),
    path("audiences/<int:audience_id>/count/", audience_views.count, name="audience_count"),
    path("audiences/<int:audience_id>/duplicate/", audience_views.duplicate, name="audience_duplicate"),
    path("audiences/<int:audience_id>/freeze/", audience_views.freeze, name="audience_freeze"),
    path("audiences/<int:audience_id>/stop/", audience_views.stop, name="audience_stop"),
    path("audiences/<int:audience_id>/delete/", audience_views.delete, name="audience_delete"),
    path("services/<int:service_id>/subscriptions/", service_log_views.subscribers, name="service_subscriptions"),
    path("services/<int:service_id>/history/", service_log_views.history_of, name="service_history"),
    path("services/<int:service_id>/dashboard/", service_log_views.dashboard, name="service_dashboard"),
    path("services/<int:service_id>/list/", service_list_views.subscribe_list, name="service_list"),
]
