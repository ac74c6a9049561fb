"""URLs of the local mailbox, under /mailbox/."""

from django.urls import path

from config.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("", views.mail_list, name="list"),
    path("<slug:key>/", views.mail, name="message"),
    path("<slug:key>/body/", views.body, name="body"),
    path("<slug:key>/<slug:tab>/", views.mail, name="tab"),
]
