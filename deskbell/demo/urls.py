from __future__ import annotations

from django.urls import path

from deskbell.demo import views

app_name = "demo"
urlpatterns = [
    path("signin/", views.sign_in, name="signin"),
    path("customer/", views.customer, name="customer"),
    path("customer/box/", views.box, name="box"),
    path("customer/letters/", views.letters, name="letters"),
    path("customer/mails/<str:stem>/html/", views.mail_html, name="mail-html"),
    path("customer/mails/<str:stem>/files/<int:number>/", views.mail_file, name="mail-file"),
    path("reset/", views.reset, name="reset"),
]
