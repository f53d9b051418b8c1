from __future__ import annotations

from django.urls import path

from deskbell.demo import phone_views, views

app_name = "demo"
urlpatterns = [
    path("signin/", views.sign_in, name="signin"),
    path("customer/", views.customer, name="customer"),
    path("customer/box/", views.box, name="box"),
    path("customer/letters/", views.letters, name="letters"),
    path("customer/mails/<str:stem>/html/", views.mail_html, name="mail-html"),
    path("customer/mails/<str:stem>/files/<int:number>/", views.mail_file, name="mail-file"),
    path("phone/", phone_views.page, name="phone"),
    path("phone/chat/", phone_views.chat, name="phone-chat"),
    path("phone/messages/", phone_views.messages, name="phone-messages"),
    path("phone/reactions/", phone_views.reactions, name="phone-reactions"),
    path("phone/choices/", phone_views.choices, name="phone-choices"),
    path("phone/reading/", phone_views.reading, name="phone-reading"),
    path("phone/day/", phone_views.a_day, name="phone-day"),
    path("phone/photos/<str:media>/", phone_views.photo, name="phone-photo"),
    path("reset/", views.reset, name="reset"),
]
