from __future__ import annotations

from django.urls import path, re_path

from deskbell.api import views
from deskbell.api.problems import nothing_here, shaped
from deskbell.api.service import api

calls, application, instance = api.urls
for call in calls:
    assert call.callback is not None
    call.callback = shaped(call.callback)

urlpatterns = [
    path("docs", views.docs, name="api-docs"),
    path("", (calls, application, instance)),
    re_path(r"", shaped(nothing_here), name="api-nothing"),
]
