"""The back office's delivery pages, under /admin/."""

from django.urls import path

from deliveries import audience_views, content_views, log_views, preview_views, proof_views, tracking_log_views, views

app_name = "deliveries"
urlpatterns = [
    path("deliveries/", views.delivery_list, name="list"),
    path("deliveries/new/", views.add, name="add"),
    path("deliveries/count/", audience_views.count, name="count"),
    path("deliveries/<int:delivery_id>/", views.show, name="show"),
    path("deliveries/<int:delivery_id>/edit/", views.edit, name="edit"),
    path("deliveries/<int:delivery_id>/content/", content_views.content, name="content"),
    path("deliveries/<int:delivery_id>/content/mode/", content_views.mode, name="content_mode"),
    path("deliveries/<int:delivery_id>/preview/", preview_views.preview, name="preview"),
    path("deliveries/<int:delivery_id>/preview/frame/", preview_views.preview_frame, name="preview_frame"),
    path("deliveries/<int:delivery_id>/proofs/", proof_views.proofs, name="proofs"),
    path("deliveries/<int:delivery_id>/prepare/", views.prepare, name="prepare"),
    path("deliveries/<int:delivery_id>/cancel/", views.cancel, name="cancel"),
    path("deliveries/<int:delivery_id>/confirm/", views.confirm, name="confirm"),
    path("deliveries/<int:delivery_id>/pause/", views.pause, name="pause"),
    path("deliveries/<int:delivery_id>/resume/", views.resume, name="resume"),
    path("deliveries/<int:delivery_id>/stop/", views.stop, name="stop"),
    path("deliveries/<int:delivery_id>/duplicate/", views.duplicate, name="duplicate"),
    path("deliveries/<int:delivery_id>/exclusions/", log_views.exclusions, name="exclusion_log"),
    path("deliveries/<int:delivery_id>/messages/", log_views.sending_log, name="sending_log"),
    path("deliveries/<int:delivery_id>/tracking/", tracking_log_views.tracking_log, name="tracking_log"),
    path("deliveries/<int:delivery_id>/log/", log_views.log, name="log"),
    path("profiles/<int:profile_id>/sending-log/", log_views.profile_sending_log, name="profile_sending_log"),
    path("profiles/<int:profile_id>/exclusion-log/", log_views.profile_exclusion_log, name="profile_exclusion_log"),
    path("profiles/<int:profile_id>/tracking-log/", tracking_log_views.profile_tracking_log, name="profile_tracking_log"),
]
