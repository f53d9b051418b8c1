from django.urls import path

from bench import floors
from deskbell.config.urls import urlpatterns as real

urlpatterns = [
    path("bench/read/", floors.read),
    path("bench/write/", floors.write),
    path("bench/insert/", floors.insert),
    *real,
]
