from django.conf import settings
from django.contrib import admin
from django.urls import include, path

# The whole URL reaches the application, the plugin's prefix included.
PREFIX = f"{settings.PLUGIN}/"

urlpatterns = [
    path(PREFIX + "admin/", admin.site.urls),
    path(PREFIX + "main/", include("main.urls")),
    path(PREFIX, include("main.urls")),
]
