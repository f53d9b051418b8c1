from django.urls import path

from deskbell.desk.views import files, lists, opening, properties, removal, ticket, writing

app_name = "desk"
urlpatterns = [
    path("", lists.tickets, name="list"),
    path("boxes/", lists.boxes, name="boxes"),
    path("search/", lists.search, name="search"),
    path("tickets/new/", opening.new, name="new"),
    path("tickets/<int:number>/", ticket.ticket, name="ticket"),
    path("tickets/<int:number>/newest/", ticket.newest, name="newest"),
    path("tickets/<int:number>/older/", ticket.older, name="older"),
    path("tickets/<int:number>/around/", ticket.around, name="around"),
    path("tickets/<int:number>/audit/", ticket.audit, name="audit"),
    path("tickets/<int:number>/messages/", writing.messages, name="messages"),
    path("tickets/<int:number>/draft/", writing.draft, name="draft"),
    path("tickets/<int:number>/properties/<slug:name>/", properties.change, name="property"),
    path("tickets/<int:number>/claim/", properties.claim, name="claim"),
    path("tickets/<int:number>/tags/", properties.tags, name="tags"),
    path("tickets/<int:number>/following/", properties.following, name="following"),
    path("tickets/<int:number>/copies/", properties.copies, name="copies"),
    path("tickets/<int:number>/copies/<int:pk>/", properties.uncopy, name="uncopy"),
    path("tickets/<int:number>/spam/", removal.spam, name="spam"),
    path("tickets/<int:number>/trash/", removal.trash, name="trash"),
    path("tickets/<int:number>/deletion/", removal.deletion, name="deletion"),
    path("messages/<int:pk>/html/", files.message_html, name="message-html"),
    path("messages/<int:pk>/note/", writing.note, name="note"),
    path("messages/<int:pk>/redaction/", removal.redaction, name="redaction"),
    path("draft/", writing.draft, name="new-draft"),
    path("people/", opening.known_people, name="people"),
    path("people/<int:pk>/", opening.customer, name="customer"),
    path("uploads/", files.uploads, name="uploads"),
    path("uploads/<int:pk>/", files.upload, name="upload"),
    path("attachments/<int:pk>/", files.attachment, name="attachment"),
    path("attachments/<int:pk>/redaction/", removal.file_redaction, name="file-redaction"),
    path("inline/<str:token>/", files.inline, name="inline"),
]
