from __future__ import annotations

from django.urls import include, path

from deskbell.portal.views import asking, chat, copies, files, links, organization, tickets

app_name = "portal"
#: one ticket without a sign-in; `portal:link` is the face of its messages and files
LINK = [
    path("<int:pk>/", links.ticket, name="ticket"),
    path("<int:pk>/replies/", links.replies, name="replies"),
    path("<int:pk>/ending/", links.ending, name="ending"),
    path("files/<int:pk>/", links.attachment, name="attachment"),
    path("messages/<int:pk>/html/", links.message_html, name="message-html"),
    path("open/<str:token>/", links.enter, name="enter"),
]
urlpatterns = [
    path("link/", include((LINK, "link"))),
    path("", tickets.tickets, name="tickets"),
    path("ask/", asking.ask, name="ask"),
    path("ask/files/", asking.ask_files, name="ask_files"),
    path("ask/<str:token>/", asking.asked, name="asked"),
    path("chat/", chat.chat, name="chat"),
    path("tickets/new/", tickets.new, name="new"),
    path("tickets/<int:number>/", tickets.ticket, name="ticket"),
    path("tickets/<int:number>/replies/", tickets.replies, name="replies"),
    path("tickets/<int:number>/closure/", tickets.closure, name="closure"),
    path("tickets/<int:number>/reopening/", tickets.reopening, name="reopening"),
    path("tickets/<int:number>/copies/", copies.copies, name="copies"),
    path("tickets/<int:number>/copies/<int:pk>/", copies.uncopy, name="uncopy"),
    path("tickets/<int:number>/files.zip", files.archive, name="archive"),
    path("organization/", organization.organization, name="organization"),
    path("organization/people/<int:pk>/level/", organization.level, name="level"),
    path("organization/requests/<int:pk>/", organization.membership, name="membership"),
    path("organization/invitations/", organization.colleagues, name="colleagues"),
    path("organization/invitations/<int:pk>/removal/", organization.withdrawal, name="withdrawal"),
    path("uploads/", files.uploads, name="uploads"),
    path("attachments/<int:pk>/", files.attachment, name="attachment"),
    path("messages/<int:pk>/html/", files.message_html, name="message-html"),
    path("inline/<str:token>/", files.inline, name="inline"),
]
