from django.urls import path

from deskbell.field.views import files, opening, signin, tickets, writing

app_name = "field"
urlpatterns = [
    path("", tickets.tickets, name="tickets"),
    path("signin/", signin.sign_in, name="signin"),
    path("signin/code/", signin.sign_in_code, name="signin-code"),
    path("manifest.webmanifest", signin.manifest, name="manifest"),
    path("tickets/new/", opening.new, name="new"),
    path("tickets/<int:number>/", tickets.ticket, name="ticket"),
    path("tickets/<int:number>/messages/", writing.messages, name="messages"),
    path("receipts/<str:key>/", writing.receipt, name="receipt"),
    path("people/", opening.people, name="people"),
    path("people/<int:pk>/", opening.customer, name="customer"),
    path("uploads/", files.uploads, name="uploads"),
    path("attachments/<int:pk>/", files.attachment, name="attachment"),
    path("messages/<int:pk>/html/", files.message_html, name="message-html"),
    path("inline/<str:token>/", files.inline, name="inline"),
]
