from __future__ import annotations

from django.urls import path

from deskbell.portal.views import files, tickets

app_name = "portal"
urlpatterns = [
    path("", tickets.tickets, name="tickets"),
    path("tickets/new/", tickets.new, name="new"),
    path("tickets/<int:number>/", tickets.ticket, name="ticket"),
    path("tickets/<int:number>/replies/", tickets.replies, name="replies"),
    path("tickets/<int:number>/closure/", tickets.closure, name="closure"),
    path("tickets/<int:number>/reopening/", tickets.reopening, name="reopening"),
    path("uploads/", files.uploads, name="uploads"),
    path("attachments/<int:pk>/", files.attachment, name="attachment"),
    path("messages/<int:pk>/html/", files.message_html, name="message-html"),
    path("inline/<str:token>/", files.inline, name="inline"),
]
