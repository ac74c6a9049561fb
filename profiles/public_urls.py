"""What public pages load: both are what their address says, for ever."""

from django.urls import path

from profiles import brand_files

app_name = "brand"
urlpatterns = [
    path("<str:colours>.css", brand_files.stylesheet, name="stylesheet"),
    path("logo/<str:digest>", brand_files.logo, name="logo"),
]
