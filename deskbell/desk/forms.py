"""What the desk lets people type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deskbell.channels.actions.fallback import WAY
from deskbell.kit.jinja import file_size
from deskbell.people import queries as people
from deskbell.people.addresses import is_email
from deskbell.people.forms import CustomerFields
from deskbell.people.models import Site, Team, User
from deskbell.tickets import actions, replies
from deskbell.tickets.actions.forwarding import LONGEST_SUBJECT
from deskbell.tickets.actions.properties import clean_tag
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import BulkChange, Priority, Queue, SavedReply, Source, Status, TicketType

LONGEST_TEXT = 200_000
LOCAL_TIME = "%Y-%m-%dT%H:%M"


class AddressesField(forms.CharField):
    """E-mail addresses separated by commas, semicolons or spaces; cleaned to a list."""

    def clean(self, value: Any) -> list[str]:
        given = super().clean(value).replace(";", ",").replace(",", " ").split()
        if wrong := [address for address in given if not is_email(address)]:
            raise ValidationError(_("Not an e-mail address: %(given)s"), params={"given": ", ".join(wrong)})
        return list(dict.fromkeys(given))


class NamedField(forms.ModelChoiceField):
    """Its choices have names that every desk begins with: they are shown in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        return gettext(str(obj))


class TextForm(forms.Form):
    """A message's words."""

    text = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        label=_("Message"),
    )


class DraftForm(TextForm):
    """`draft` is the stamp of the draft that its writer's page had."""

    draft = forms.CharField(required=False, max_length=20)


class MessageForm(DraftForm):
    """A reply or a note. `after` is the newest message its writer had on the screen."""

    visibility = forms.ChoiceField(choices=[("public", _("Reply")), ("internal", _("Internal note"))])
    copy = AddressesField(
        required=False,
        label=_("Cc"),
        widget=forms.TextInput(attrs={"class": "input input-small", "autocomplete": "off"}),
    )
    bcc = AddressesField(
        required=False,
        label=_("Bcc"),
        widget=forms.TextInput(attrs={"class": "input input-small", "autocomplete": "off"}),
    )
    #: by which a customer is answered who wrote in a chat: in it, by mail, in it once he writes again, or by
    #: the Cloud API number while that of the chat is down
    way = forms.ChoiceField(required=False, choices=[(way, way) for way in ("email", "hold", WAY)])
    #: the customer's message that it answers, in a chat
    quotes = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    then = forms.ChoiceField(
        required=False, choices=[("keep", "keep"), ("pending", "pending"), ("resolved", "resolved")]
    )


class IdsField(forms.Field):
    """Ids, given as several values of one name; what is no id is left out."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        given = (int(each) for each in value or [] if each.isdecimal() and len(each) < 19)
        return list(dict.fromkeys(given))


class ForwardForm(TextForm):
    """What goes to a supplier. `answers` is the message of his that it answers."""

    to = AddressesField(
        label=_("To"),
        max_length=5000,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": _("Write to whom it goes.")},
    )
    subject = forms.CharField(required=False, max_length=LONGEST_SUBJECT, label=_("Subject"))
    messages = IdsField(required=False)
    attachments = IdsField(required=False)
    answers = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    @classmethod
    def of(cls, given: Forward) -> ForwardForm:
        """As it was before it was sent."""
        return cls(initial={**vars(given), "to": ", ".join(given.to), "attachments": given.files})

    @property
    def given(self) -> Forward:
        """As the action takes it."""
        given = dict(self.cleaned_data)
        return Forward(files=given.pop("attachments"), **given)

    def refuse(self, error: Exception) -> None:
        """Say what the action found wrong beside its field."""
        if isinstance(error, actions.BadRecipients):
            self.add_error("to", _("At most twenty people at once."))
        elif isinstance(error, actions.EmptyMessage):
            self.add_error("text", _("Write something, or choose a message or a file to send on."))
        elif isinstance(error, actions.FilesTooBig):
            sizes = {"size": file_size(error.size), "limit": file_size(error.limit)}
            too_big = _("The chosen files are %(size)s together; one mail takes %(limit)s. Choose fewer.")
            self.add_error("attachments", ValidationError(too_big, params=sizes))
        elif isinstance(error, actions.NotForwardable):
            gone = _("Something of what you chose is no longer here. Look at what is chosen now, then send.")
            self.add_error("messages", gone)


class ReasonForm(forms.Form):
    reason = forms.CharField(required=False, max_length=200, label=_("Reason"))


class CopyForm(forms.Form):
    email = forms.CharField(max_length=320, label=_("E-mail address"))

    def clean_email(self) -> str:
        given = str(self.cleaned_data["email"])
        if not is_email(given):
            raise ValidationError(_("This is not an e-mail address."))
        return given


class TagForm(forms.Form):
    name = forms.CharField(max_length=50, label=_("Tag"))


class NewTicketForm(TextForm, CustomerFields):
    """A ticket for a caller. Either `customer` names a known person or the other fields describe one."""

    customer = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    subject = forms.CharField(required=False, max_length=255, label=_("Subject"))
    visibility = forms.ChoiceField(
        choices=[("public", _("What the customer said")), ("internal", _("Internal note"))], initial="public"
    )
    source = forms.ChoiceField(
        choices=[
            (Source.PHONE.value, Source.PHONE.label),
            (Source.WALK_IN.value, Source.WALK_IN.label),
            (Source.MAIL.value, Source.MAIL.label),
            (Source.WEB.value, Source.WEB.label),
        ],
        initial="phone",
        label=_("Source"),
    )
    queue = NamedField(Queue.objects.none(), empty_label=None, label=_("Queue"))
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, empty_label=_("The queue's team"), label=_("Team")
    )
    priority = forms.TypedChoiceField(
        choices=Priority.choices, coerce=int, initial=Priority.NORMAL.value, label=_("Priority")
    )
    type = NamedField(TicketType.objects.none(), required=False, empty_label="–", label=_("Type"))
    assignee = forms.ModelChoiceField(
        people.workers().none(), required=False, empty_label=_("Nobody yet"), label=_("Assignee")
    )
    tell = forms.BooleanField(
        required=False, initial=True, label=_("Tell the customer that we have this ticket")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["queue"].queryset = Queue.objects.filter(active=True).order_by("position", "pk")
        fields["team"].queryset = Team.objects.filter(active=True).order_by("name")
        fields["type"].queryset = TicketType.objects.filter(active=True).order_by("position", "pk")
        fields["assignee"].queryset = people.workers()


class PropertyForm(forms.Form):
    """One property of a ticket; `version` is the ticket's when the form was drawn."""

    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, name: str, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["value"] = PROPERTIES[name]()


def _due() -> forms.Field:
    return forms.DateTimeField(required=False, input_formats=[LOCAL_TIME, "%Y-%m-%dT%H:%M:%S"])


#: property of a ticket → its field
PROPERTIES: dict[str, Callable[[], forms.Field]] = {
    "status": lambda: forms.ModelChoiceField(Status.objects.filter(active=True)),
    "priority": lambda: forms.TypedChoiceField(choices=Priority.choices, coerce=int),
    "queue": lambda: forms.ModelChoiceField(Queue.objects.filter(active=True)),
    "team": lambda: forms.ModelChoiceField(Team.objects.filter(active=True), required=False),
    "type": lambda: forms.ModelChoiceField(TicketType.objects.filter(active=True), required=False),
    "assignee": lambda: forms.ModelChoiceField(people.workers(), required=False),
    "due_at": _due,
    "site": lambda: forms.ModelChoiceField(Site.objects.all(), required=False),
    "subject": lambda: forms.CharField(max_length=255),
}


class SignatureForm(forms.Form):
    signature = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        label=_("Signature"),
        help_text=_("In Markdown. It stands below your replies that leave by mail; notes never have it."),
    )

    def clean_signature(self) -> str:
        return str(self.cleaned_data["signature"]).replace("\0", "").replace("\r\n", "\n").strip()


class SavedReplyForm(forms.Form):
    """`scope` is personal, everyone or team:<id>, as far as the person may keep such replies."""

    name = forms.CharField(max_length=100, label=_("Name"), help_text=_("What you will search for."))
    text = forms.CharField(
        max_length=20_000, widget=forms.Textarea(attrs={"rows": 10}), label=_("Text"), strip=False
    )
    scope = forms.ChoiceField(label=_("Who may use it"))
    then = forms.ChoiceField(
        required=False,
        choices=SavedReply.Then.choices,
        label=_("Status after sending"),
        help_text=_("Offered on the Send button once the reply is inserted."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {f"team:{team.pk}": team for team in replies.teams_kept(user)}
        scopes: list[tuple[str, Any]] = [("personal", _("Only me"))]
        scopes += [(key, _team_named(team.name)) for key, team in self.teams.items()]
        if replies.may_keep(user, owner=None, team=None):
            scopes.append(("everyone", _("Everyone at the desk")))
        fields: dict[str, Any] = self.fields
        fields["scope"].choices = scopes

    @staticmethod
    def initial_of(reply: SavedReply) -> dict[str, Any]:
        scope = f"team:{reply.team_id}" if reply.team_id else reply.scope
        return {"name": reply.name, "text": reply.text, "then": reply.then, "scope": scope}

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).replace("\0", "").split())

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).replace("\0", "").replace("\r\n", "\n").strip("\n")

    @property
    def values(self) -> dict[str, Any]:
        """As the actions take them."""
        given = {name: self.cleaned_data[name] for name in ("name", "text", "then")}
        scope = self.cleaned_data["scope"]
        return {**given, "personal": scope == "personal", "team": self.teams.get(scope)}

    def refuse(self, error: Exception) -> None:
        """Say what the action found wrong beside its field."""
        if isinstance(error, actions.NameTaken):
            self.add_error("name", _("There is a reply of this name already. Choose another one."))
        elif isinstance(error, actions.UnknownVariable):
            names = ", ".join(f"{{{{{name}}}}}" for name in error.names)
            unknown = _("Not a variable: %(names)s. The known ones are listed beside the text.")
            self.add_error("text", ValidationError(unknown, params={"names": names}))


def _team_named(name: str) -> str:
    return gettext("Team %(name)s") % {"name": name}


MOST_AT_ONCE = 200


class NumbersField(forms.Field):
    """Ticket numbers, given as several values of one name; cleaned to a sorted list."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        given = {int(each) for each in value or [] if each.isdecimal() and len(each) < 19}
        if not given:
            raise ValidationError(_("Select at least one ticket."))
        if len(given) > MOST_AT_ONCE:
            raise ValidationError(
                _("Select at most %(most)d tickets at once."), params={"most": MOST_AT_ONCE}
            )
        return sorted(given)


class BulkForm(forms.Form):
    """What to do with the selected tickets: `change` is a verb, and after a colon its value. The tag has a
    field of its own. Cleaned to `tickets` (numbers), `verb` and `value` as BulkChange has them.
    """

    tickets = NumbersField()
    change = forms.CharField(max_length=60)
    tag = forms.CharField(required=False, max_length=50)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        verb, _colon, given = cleaned.get("change", "").partition(":")
        if verb not in BulkChange.Verb.values or verb == BulkChange.Verb.HAND_OVER:
            raise ValidationError(_("Choose what to do with the tickets."))
        return {**cleaned, "verb": verb, "value": self._value(verb, given)}

    def _value(self, verb: str, given: str) -> Any:
        if verb == "tag":
            if name := clean_tag(self.cleaned_data.get("tag", "")):
                return name
            raise ValidationError(_("Write a word for the tag."))
        if field := {"assign": "assignee", "status": "status", "priority": "priority"}.get(verb):
            value = PROPERTIES[field]().clean(given)
            return getattr(value, "pk", value)
        return None
