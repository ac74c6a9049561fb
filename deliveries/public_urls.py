"""What recipients open. The form with a slash at the end answers too, so that nothing is redirected."""

from django.urls import path

from deliveries import public_views

app_name = "public"
urlpatterns = [
    path("<str:token>", public_views.unsubscribe, name="unsubscribe"),
    path("<str:token>/", public_views.unsubscribe),
]
