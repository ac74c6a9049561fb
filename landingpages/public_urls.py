"""What visitors open. Every address answers with and without a slash at the end, so that nothing is redirected."""

from django.urls import path

from landingpages import confirm_views, dispute_views, media_views, public_views

app_name = "pages"
urlpatterns = [
    path("media/<str:digest>", media_views.image, name="image"),
    path("lp/<slug:slug>/", public_views.page, name="page"),
    path("lp/<slug:slug>", public_views.page),
    path("lp/<slug:slug>/fresh-link/", public_views.fresh_link, name="fresh_link"),
    path("lp/<slug:slug>/fresh-link", public_views.fresh_link),
    path("lp/<slug:slug>/embedded/", public_views.embedded, name="embedded"),
    path("lp/<slug:slug>/embedded", public_views.embedded),
    path("lp/<slug:slug>/<str:token>/", public_views.page, name="personal_page"),
    path("lp/<slug:slug>/<str:token>", public_views.page),
    path("c/<str:token>/", confirm_views.confirm, name="confirm"),
    path("c/<str:token>", confirm_views.confirm),
    path("d/<str:token>/", dispute_views.dispute, name="dispute"),
    path("d/<str:token>", dispute_views.dispute),
]
