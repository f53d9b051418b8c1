from __future__ import annotations

from django.urls import path

from deskbell.realtime import views

app_name = "live"
urlpatterns = [path("token", views.token, name="token")]
