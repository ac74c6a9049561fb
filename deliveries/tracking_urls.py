"""What the messages of a tracked delivery lead through."""

from django.urls import path

from deliveries import tracking_views

app_name = "tracking"
urlpatterns = [
    path("c/<str:token>", tracking_views.click, name="click"),
    path("o/<str:token>", tracking_views.opened, name="opened"),
]
