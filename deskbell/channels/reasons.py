"""Sentences of decisions and of sending that hold a value: kept in English, shown in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from deskbell.kit.stored import sentence

BY_MAIL = sentence(_("Somebody who works here answered #%(number)s by mail"))
NOT_OWNER = sentence(_("The mail belongs to #%(number)s, where the sender may not write"))
MAY_NOT = sentence(_("The sender may not write at #%(number)s"))
NEW_SUBJECT = sentence(_("It answers #%(number)s, which is done, under another subject"))
TOO_MANY = sentence(_("Its sender opened more than %(count)s tickets within an hour"))
SUPPLIER_FLOOD = sentence(_("What was forwarded was answered more than %(count)s times within an hour"))
NOT_WRITTEN = sentence(_("The mail could not be written: %(reason)s"))
SIGN_IN_NEEDED = _("Somebody has to sign in at the mail provider, on the mailbox’s page.")
NOT_CONFIRMED = sentence(_("The server took the mail and did not confirm it: %(reason)s"))
#: of the subject and detail of a status (RFC 3463), the most exact first
RETURNED = {
    "5.1": sentence(_("There is no such address. Its server said: %(said)s")),
    "5.2.2": sentence(_("The mailbox is full. Its server said: %(said)s")),
    "5.2.3": sentence(_("The mail is too big for that mailbox. Its server said: %(said)s")),
    "5.3.4": sentence(_("The mail is too big for that server. Its server said: %(said)s")),
    "5.2": sentence(_("The mailbox takes nothing in. Its server said: %(said)s")),
    "5.4": sentence(_("No way leads to that server. Its server said: %(said)s")),
    "5.7": sentence(_("The server there refuses the mail. Its server said: %(said)s")),
    "4": sentence(_("The server there could not be reached for too long. It was said: %(said)s")),
    "": sentence(_("It could not be delivered. Its server said: %(said)s")),
}


def why_returned(status: str, said: str) -> str:
    """Why a mail came back, from its `status` and what the other server said, as it is kept."""
    best = max(
        (known for known in RETURNED if f"{status}.".startswith(f"{known}." if known else "")), key=len
    )
    return RETURNED[best] % {"said": said or status or "–"}


#: of `routing.Found.how`
FOUND_BY = {
    "reply_address": _("Its ticket is named by the address it was sent to"),
    "signed_reference": _("It answers a mail of ours"),
    "known_reference": _("It answers a mail that came in before"),
    "marker": _("It quotes a mail of ours"),
    "subject_token": _("Its ticket is named by the sign in the subject"),
    "subject_number": _("Its ticket is named by the number in the subject"),
    "chat_number": _("Its ticket is named by the number in the text"),
    "chat_quote": _("It quotes a message of its ticket"),
    "chat_open": _("It goes on with the ticket this chat was about last"),
    "chat_lately": _("It goes on with the one of several tickets this chat was about within two hours"),
    "chat_latest": _("It goes on with the one of several tickets that moved last; he was asked not long ago"),
    "chat_reopened": _("It goes on with the ticket that was done not long ago"),
}
#: of `TicketQuestion.How`
PLACED = {
    "customer": _("The customer said which of his tickets it is about"),
    "agent": _("Somebody here said which of the customer's tickets it is about"),
    "time": _(
        "The customer did not say which of his tickets it is about; it went to the one that moved last"
    ),
}
PARKED = _("It waits: the customer has several open tickets and was asked which one he means")
#: what is noted on a ticket without waking it
NOTED = {
    "reaction": _("A reaction to a message of the ticket"),
    "change": _("The sender changed or deleted a message of the ticket"),
    "changed": _("A message was changed where it was written; what it said before is kept with it"),
    "taken_back": _("A message was deleted where it was written; it is kept here and marked so"),
    "number_changed": _("The sender has another number now"),
    "question_answered": _("It says which ticket a message before it is about"),
    "stop": _("The customer wants no more notices in this chat"),
    "start": _("The customer wants notices in this chat again"),
    "phone_change": _("A message written on our phone was changed or deleted there"),
    "filled_in": _("What could not be decrypted at first stands in its place now"),
    "thanks": _("It only says thank you, so that what is done stays done"),
}
ON_THE_PHONE = _("It was written on the phone that has the number")
FLOOD = sentence(_("Its sender wrote more than %(count)s messages within ten minutes"))
SAME_MESSAGE = _("WhatsApp had delivered this message before")
#: of `AutoClass`
WITHOUT_TICKET = {
    "auto_reply": _("An automatic answer that belongs to no ticket"),
    "out_of_office": _("A notice of absence that belongs to no ticket"),
}
