"""The back office's delivery pages, under /admin/."""

from django.urls import path

from deliveries import (
    audience_views,
    exclusion_list_views,
    log_views,
    template_views,
    tracking_log_views,
    typology_views,
    views,
)

app_name = "deliveries"
urlpatterns = [
    path("deliveries/", views.delivery_list, name="list"),
    path("deliveries/new/", views.add, name="add"),
    path("deliveries/templates/", template_views.templates, name="templates"),
    path("deliveries/templates/<slug:template>/duplicate/", template_views.duplicate_built_in, name="duplicate_built_in"),
    path("deliveries/count/", audience_views.count, name="count"),
    path("deliveries/<int:delivery_id>/", views.show, name="show"),
    path("deliveries/<int:delivery_id>/edit/", views.edit, name="edit"),
    path("deliveries/<int:delivery_id>/prepare/", views.prepare, name="prepare"),
    path("deliveries/<int:delivery_id>/cancel/", views.cancel, name="cancel"),
    path("deliveries/<int:delivery_id>/confirm/", views.confirm, name="confirm"),
    path("deliveries/<int:delivery_id>/pause/", views.pause, name="pause"),
    path("deliveries/<int:delivery_id>/resume/", views.resume, name="resume"),
    path("deliveries/<int:delivery_id>/stop/", views.stop, name="stop"),
    path("deliveries/<int:delivery_id>/duplicate/", views.duplicate, name="duplicate"),
    path("deliveries/<int:delivery_id>/withdraw/", views.withdraw, name="withdraw"),
    path("deliveries/<int:delivery_id>/save-as-template/", template_views.save_as_template, name="save_as_template"),
    path("deliveries/<int:delivery_id>/delete-template/", template_views.delete, name="delete_template"),
    path("deliveries/<int:delivery_id>/exclusions/", log_views.exclusions, name="exclusion_log"),
    path("deliveries/<int:delivery_id>/messages/", log_views.sending_log, name="sending_log"),
    path("deliveries/<int:delivery_id>/tracking/", tracking_log_views.tracking_log, name="tracking_log"),
    path("deliveries/<int:delivery_id>/log/", log_views.log, name="log"),
    path("profiles/<int:profile_id>/sending-log/", log_views.profile_sending_log, name="profile_sending_log"),
    path("profiles/<int:profile_id>/exclusion-log/", log_views.profile_exclusion_log, name="profile_exclusion_log"),
    path("profiles/<int:profile_id>/tracking-log/", tracking_log_views.profile_tracking_log, name="profile_tracking_log"),
    path("typologies/", typology_views.typology_list, name="typologies"),
    path("typologies/new/", typology_views.typology_add, name="typology_add"),
    path("typologies/<int:typology_id>/", typology_views.typology_edit, name="typology"),
    path("typologies/<int:typology_id>/delete/", typology_views.typology_delete, name="typology_delete"),
    path("typologies/rules/new/<str:kind>/", typology_views.rule_add, name="typology_rule_add"),
    path("typologies/rules/<int:rule_id>/", typology_views.rule, name="typology_rule"),
    path("typologies/rules/<int:rule_id>/count/", typology_views.rule_count, name="typology_rule_count"),
    path("typologies/rules/<int:rule_id>/delete/", typology_views.rule_delete, name="typology_rule_delete"),
    path("excluded-addresses/", exclusion_list_views.addresses, name="excluded_addresses"),
    path("excluded-addresses/<int:row_id>/remove/", exclusion_list_views.address_remove, name="excluded_address_remove"),
    path("excluded-domains/", exclusion_list_views.domains, name="excluded_domains"),
    path("excluded-domains/<int:row_id>/remove/", exclusion_list_views.domain_remove, name="excluded_domain_remove"),
]
