from __future__ import annotations

from django.urls import path

from deskbell.setup.views import audit, mail, people, start

app_name = "setup"
urlpatterns = [
    path("", start.start, name="start"),
    path("people/", people.people, name="people"),
    path("people/invitations/", people.invitations, name="invitations"),
    path("people/invitations/new/", people.invite, name="invite"),
    path("people/invitations/<int:pk>/removal/", people.invitation_removal, name="invitation_removal"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/grants/", people.grants, name="grants"),
    path("people/<int:pk>/grants/<int:grant_pk>/removal/", people.grant_removal, name="grant_removal"),
    path("people/<int:pk>/deactivation/", people.deactivation, name="deactivation"),
    path("people/<int:pk>/reactivation/", people.reactivation, name="reactivation"),
    path("received/", mail.received, name="received"),
    path("received/<int:pk>/", mail.received_item, name="received_item"),
    path("received/<int:pk>/source/", mail.received_source, name="received_source"),
    path("received/<int:pk>/replay/", mail.replay, name="replay"),
    path("sent/", mail.sent, name="sent"),
    path("audit/", audit.audit, name="audit"),
]
