"""What the mails say: Deskbell's own words, and the company's where it wrote some, per mail and language.

A text is Markdown with variables: `{{customer.name}}` stands for a line of words, `{{message}}` for a block
that stands by itself. Values are put in after the Markdown was read, so that nothing in them is a mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as N_
from markupsafe import Markup, escape

from deskbell.kit import markdown
from deskbell.notifications.models import MailText
from deskbell.tickets.variables import VARIABLE, variables_in

Words = str | Promise

#: name → what it stands for
VARIABLES: dict[str, Words] = {
    "ticket.number": gettext_lazy("Number of the ticket"),
    "ticket.subject": gettext_lazy("Subject of the ticket"),
    "ticket.queue": gettext_lazy("Queue of the ticket"),
    "ticket.link": gettext_lazy("Address of the ticket’s page"),
    "customer.name": gettext_lazy("Name of the customer"),
    "customer.first_name": gettext_lazy("First name of the customer"),
    "organization.name": gettext_lazy("Organisation of the customer"),
    "author.name": gettext_lazy("Who wrote or did it"),
    "recipient.name": gettext_lazy("Who gets the mail"),
    "recipient.first_name": gettext_lazy("First name of who gets the mail"),
    "company.name": gettext_lazy("Name of our company"),
    "message": gettext_lazy("The message, with its files"),
    "signature": gettext_lazy("Signatures of the writer and of the company"),
    "failure.address": gettext_lazy("Address that was not reached"),
    "failure.reason": gettext_lazy("Why it was not reached"),
    "invitation.until": gettext_lazy("Until when the link works"),
}
#: those that stand for more than a line
BLOCKS = ("message", "signature")
_ANYWHERE = ("author.name", "recipient.name", "recipient.first_name", "company.name")
_OF_TICKETS = (
    *("ticket.number", "ticket.subject", "ticket.queue", "ticket.link"),
    *("customer.name", "customer.first_name", "organization.name", *_ANYWHERE),
)
#: how a variable is marked while Markdown is read: letters of the private area, which no text needs
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(
    f"(?:{_OPEN}|{quote(_OPEN)})([0-9]+)(?:{_CLOSE}|{quote(_CLOSE)})",
)
_MARKED_ALONE = re.compile(f"<p>{_OPEN}([0-9]+){_CLOSE}</p>")


@dataclass(frozen=True)
class Mail:
    """A kind of mail whose words can be changed.

    `lead` and `then` are what Deskbell says, in gettext's form: `%(name)s` is what `names` says it is.
    """

    key: str
    title: Words
    #: whom it reaches
    to_staff: bool
    lead: str
    names: Mapping[str, str]
    then: str = ""
    subject: str = "{{ticket.subject}}"
    variables: tuple[str, ...] = _OF_TICKETS
    #: those that must not be left out
    needs: tuple[str, ...] = ()

    def defaults(self) -> tuple[str, str]:
        """Deskbell's own (subject, text) in the active language."""
        names = {name: f"{{{{{variable}}}}}" for name, variable in self.names.items()}
        lead = f"**{_(self.lead) % names}**"
        then = _(self.then) % names if "%(" in self.then else self.then
        return _(self.subject) % names if "%(" in self.subject else self.subject, (
            f"{lead}\n\n{then}" if then else lead
        )


_NAME = {"name": "author.name", "subject": "ticket.subject", "number": "ticket.number"}
_MESSAGE = "{{message}}"
_WITH_MESSAGE = (*_OF_TICKETS, "message")
MAILS: dict[str, Mail] = {
    mail.key: mail
    for mail in (
        Mail(
            "received",
            gettext_lazy("We have your message"),
            to_staff=False,
            lead=N_("We have your message: ticket %(number)s, %(subject)s."),
            names=_NAME,
        ),
        Mail(
            "reply",
            gettext_lazy("Reply"),
            to_staff=False,
            lead=N_("%(name)s wrote:"),
            names=_NAME,
            then="{{message}}\n\n{{signature}}",
            variables=(*_WITH_MESSAGE, "signature"),
            needs=("message",),
        ),
        Mail(
            "opened_for_you",
            gettext_lazy("Ticket opened for the customer"),
            to_staff=False,
            lead=N_("%(name)s opened a ticket for you: %(subject)s"),
            names=_NAME,
            then=_MESSAGE,
            variables=_WITH_MESSAGE,
            needs=("message",),
        ),
        Mail(
            "resolved",
            gettext_lazy("Ticket resolved"),
            to_staff=False,
            lead=N_("Your ticket “%(subject)s” is resolved."),
            names=_NAME,
            then=N_("If it is not, answer this mail and the ticket opens again."),
        ),
        Mail(
            "copied",
            gettext_lazy("Copied in"),
            to_staff=False,
            lead=N_("%(name)s copied you on the ticket “%(subject)s”."),
            names=_NAME,
            then=_MESSAGE,
            variables=_WITH_MESSAGE,
        ),
        Mail(
            "invitation",
            gettext_lazy("Invitation"),
            to_staff=False,
            subject=N_("Invitation to %(company)s"),
            lead=N_("%(name)s invites you to %(company)s."),
            names={"name": "author.name", "company": "company.name", "date": "invitation.until"},
            then=N_("Open the link to choose a password. It works until %(date)s."),
            variables=("author.name", "company.name", "invitation.until"),
        ),
        Mail(
            "new_ticket",
            gettext_lazy("New ticket, to the team"),
            to_staff=True,
            lead=N_("New ticket from %(name)s: %(subject)s"),
            names={**_NAME, "name": "customer.name"},
            then=_MESSAGE,
            variables=_WITH_MESSAGE,
        ),
        Mail(
            "assigned",
            gettext_lazy("Assigned, to staff"),
            to_staff=True,
            lead=N_("%(name)s assigned to you: %(subject)s"),
            names=_NAME,
            then=_MESSAGE,
            variables=_WITH_MESSAGE,
        ),
        Mail(
            "customer_replied",
            gettext_lazy("Customer replied, to staff"),
            to_staff=True,
            lead=N_("%(name)s wrote in “%(subject)s”:"),
            names=_NAME,
            then=_MESSAGE,
            variables=_WITH_MESSAGE,
        ),
        Mail(
            "supplier_answered",
            gettext_lazy("Supplier answered, to staff"),
            to_staff=True,
            lead=N_("%(name)s answered what was forwarded of “%(subject)s”:"),
            names=_NAME,
            then=_MESSAGE,
            variables=_WITH_MESSAGE,
        ),
        Mail(
            "undelivered",
            gettext_lazy("Not delivered, to staff"),
            to_staff=True,
            lead=N_("This did not reach %(address)s: %(subject)s"),
            names={**_NAME, "address": "failure.address"},
            then="{{failure.reason}}\n\n{{message}}",
            variables=(*_WITH_MESSAGE, "failure.address", "failure.reason"),
        ),
    )
}


@dataclass(frozen=True)
class Block:
    """A value of more than a line, as both forms of a mail show it."""

    text: str
    html: Markup


Values = Mapping[str, str | Block]


@dataclass(frozen=True)
class Written:
    subject: str
    text: str
    html: Markup


def text_of(mail: str, language: str) -> tuple[str, str]:
    """(subject, text) that count for `mail`: the company's, else Deskbell's. `language` must be active."""
    own = MailText.objects.filter(mail=mail, language=language).first()
    return (own.subject, own.text) if own else MAILS[mail].defaults()


def fill_in(subject: str, text: str, values: Values) -> Written:
    """`subject` and `text` with their variables filled in, as plain text and as HTML.

    An empty one goes with the space before it: "Hello," is left of "Hello {{customer.first_name}},".
    """
    marked, found = _marked(text, values)
    return Written(
        VARIABLE.sub(lambda match: _line(match, values), subject).strip(),
        _MARKED.sub(lambda match: _plain(found[int(match[1])]), markdown.to_text(marked)),
        _html(marked, found),
    )


def unknown(mail: str, text: str) -> list[str]:
    """Names in `text` that are no variables of `mail`, in their order."""
    return [name for name in variables_in(text) if name not in MAILS[mail].variables]


def missing(mail: str, text: str) -> list[str]:
    """Variables that `mail` cannot do without, and that `text` lacks."""
    return [name for name in MAILS[mail].needs if name not in variables_in(text)]


def _marked(text: str, values: Values) -> tuple[str, list[str | Block]]:
    """`text` with a mark in place of each variable, and the values the marks stand for."""
    found: list[str | Block] = []
    text = text.replace(_OPEN, "").replace(_CLOSE, "")

    def mark(match: re.Match[str]) -> str:
        name = match[2].strip()
        if name not in VARIABLES:
            return match[0]
        value = values.get(name, "")
        if isinstance(value, Block):
            found.append(value)
            return f"\n\n{_OPEN}{len(found) - 1}{_CLOSE}\n\n" if value.text or value.html else "\n\n"
        value = " ".join(value.split())
        if not value:
            return ""
        found.append(value)
        return f"{match[1]}{_OPEN}{len(found) - 1}{_CLOSE}"

    return VARIABLE.sub(mark, text), found


def _line(match: re.Match[str], values: Values) -> str:
    value = values.get(match[2].strip(), "")
    shown = "" if isinstance(value, Block) else " ".join(value.split())
    return f"{match[1]}{shown}" if shown else ""


def _plain(value: str | Block) -> str:
    return value.text.strip("\n") if isinstance(value, Block) else value


def _html(marked: str, found: list[str | Block]) -> Markup:
    html = markdown.to_html(marked)

    def value(match: re.Match[str]) -> str:
        one = found[int(match[1])]
        return str(one.html) if isinstance(one, Block) else str(escape(one))

    return Markup(_MARKED.sub(value, _MARKED_ALONE.sub(value, html)))  # noqa: S704 - cleaned or escaped, each part
