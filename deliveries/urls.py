"""The back office's delivery pages."""

from django.urls import path
from django.views.generic import RedirectView

app_name = "deliveries"
view = RedirectView.as_view(pattern_name="admin:index")
urlpatterns = [
    path("deliveries/", view, name="list"),
    path("profiles/<int:profile_id>/sending-log/", view, name="profile_sending_log"),
    path("profiles/<int:profile_id>/exclusion-log/", view, name="profile_exclusion_log"),
]
