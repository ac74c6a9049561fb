"""The back office's landing pages, under /admin/."""

from django.urls import path

from landingpages import (
    builder_views,
    centre_views,
    embed_views,
    preview_views,
    publication_views,
    shared_views,
    submission_views,
    trial_views,
    views,
)

app_name = "landingpages"
urlpatterns = [
    path("landing-pages/", views.page_list, name="list"),
    path("landing-pages/new/", views.add, name="add"),
    path("landing-pages/content-blocks/", shared_views.shared_list, name="shared"),
    path("landing-pages/content-blocks/new/", shared_views.add, name="shared_add"),
    path("landing-pages/content-blocks/<int:shared_id>/", shared_views.edit, name="shared_edit"),
    path("landing-pages/content-blocks/<int:shared_id>/delete/", shared_views.delete, name="shared_delete"),
    path("landing-pages/for-service/<int:service_id>/", views.for_service, name="for_service"),
    path("landing-pages/preference-centre/", centre_views.show, name="centre"),
    path("landing-pages/preference-centre/act/", centre_views.act, name="centre_act"),
    path("landing-pages/preference-centre/preview/", centre_views.preview, name="centre_preview"),
    path("landing-pages/<int:page_id>/", builder_views.build, name="build"),
    path("landing-pages/<int:page_id>/preview/", preview_views.preview, name="preview"),
    path("landing-pages/<int:page_id>/visitors/", preview_views.visitors, name="visitors"),
    path("landing-pages/<int:page_id>/properties/", views.properties, name="properties"),
    path("landing-pages/<int:page_id>/publish/", publication_views.publish, name="publish"),
    path("landing-pages/<int:page_id>/unpublish/", publication_views.unpublish, name="unpublish"),
    path("landing-pages/<int:page_id>/versions/", publication_views.versions, name="versions"),
    path("landing-pages/<int:page_id>/versions/<int:number>/restore/", publication_views.restore, name="restore"),
    path("landing-pages/<int:page_id>/embed/", embed_views.embed, name="embed"),
    path("landing-pages/<int:page_id>/test/", trial_views.choose, name="test"),
    path("landing-pages/<int:page_id>/test/<slug:version>/<slug:visitor>/<slug:age>/", trial_views.trial, name="trial"),
    path(
        "landing-pages/<int:page_id>/test/<slug:version>/<slug:visitor>/<slug:age>/<slug:part>/",
        trial_views.trial,
        name="trial_part",
    ),
    path("landing-pages/<int:page_id>/submissions/", submission_views.submission_list, name="submissions"),
    path("landing-pages/<int:page_id>/submissions/export/", submission_views.export, name="submission_export"),
    path("landing-pages/<int:page_id>/submissions/<int:submission_id>/", submission_views.submission_detail, name="submission"),
]
