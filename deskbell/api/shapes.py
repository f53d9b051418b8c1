"""What calls take and give, as the OpenAPI document shows it.

Bodies refuse fields they do not know. Answers are checked too, so that the document cannot drift from them.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

LARGEST = 2**63 - 1
#: characters; a message of this length is 2,000 pages
LONGEST_TEXT = 500_000

#: a field that may be left out of a change but not be null; see model_fields_set
UNSET: Any = None

Row = TypeVar("Row")


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


Id = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
PathId = Annotated[int, Field(ge=1, le=LARGEST)]
Line = Annotated[str, Field(max_length=255), AfterValidator(_storable)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_storable)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_storable)]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Priority = Literal["low", "normal", "high", "urgent"]
Uploads = Annotated[list[Id], Field(max_length=100)]
Tags = Annotated[list[Name], Field(max_length=50)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


# --- given --------------------------------------------------------------------------------------


class Requester(Body):
    """Exactly one of `id`, `email` and `phone`. Somebody not known yet is added with `name`."""

    id: Id | None = None
    email: Annotated[str, Field(max_length=254), AfterValidator(_storable)] | None = None
    phone: Annotated[str, Field(max_length=40), AfterValidator(_storable)] | None = None
    name: Annotated[str, Field(max_length=200), AfterValidator(_storable)] = ""


class NewTicket(Body):
    """Without `requester` one asks oneself. `body` is Markdown. Only staff may ask for somebody else and set
    priority, team, tags, due date and custom fields."""

    subject: Line
    body: Text
    requester: Requester | None = None
    priority: Priority | None = None
    queue: Id | Name | None = Field(default=None, description="Its id, slug or name.")
    team: Id | Name | None = Field(default=None, description="Its id or name.")
    type: Name | None = Field(default=None, description="Its slug or name.")
    tags: Tags = []
    custom: dict[str, Any] = {}
    due_at: Time | None = None
    uploads: Uploads = []


class TicketChange(Body):
    """What is left out stays; null clears what may be empty. With `version`, a named property that has
    changed since is refused (409)."""

    status: Name = Field(default=UNSET, description="A status' slug or label, or a category.")
    priority: Priority = Field(default=UNSET)
    assignee: Id | Literal["me"] | None = None
    team: Id | Name | None = None
    queue: Id | Name = Field(default=UNSET)
    type: Name | None = None
    tags: Tags = Field(default=UNSET, description="The whole set.")
    subject: Line = Field(default=UNSET, min_length=1)
    custom: dict[str, Any] = Field(default=UNSET)
    due_at: Time | None = None
    version: Id | None = None


class UsedTemplate(Body):
    """One that WhatsApp approved. `values` by variable, as `body_1`, `header_name`, `0_1` (a button's)."""

    name: Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_storable)]
    language: Annotated[str, Field(max_length=20), AfterValidator(_storable)] | None = Field(
        default=None, description="Needed where there are several."
    )
    values: dict[str, Annotated[str, Field(max_length=1024), AfterValidator(_storable)]] = {}


class NewMessage(Body):
    """`body` is Markdown or, beside `html`, the plain text of the same. `html` is cleaned."""

    body: Text = Field(default="", description="Needed unless there are `uploads` or a `template`.")
    html: Text | None = None
    visibility: Literal["public", "internal"]
    uploads: Uploads = []
    status: Name | None = Field(default=None, description="Set along with it: a slug, label or category.")
    way: Literal["chat", "mail"] | None = Field(
        default=None,
        description="Of a reply where the customer writes in a chat: in it (the default), or by mail.",
    )
    template: UsedTemplate | None = Field(
        default=None, description="Instead of `body`: what WhatsApp takes of a reply when the chat is closed."
    )


class NewForward(Body):
    """`body` is Markdown. Without `subject` it is "Fwd:" and the ticket's, or "Re:" and that of `answers`."""

    to: Annotated[list[Annotated[str, Field(max_length=254), AfterValidator(_storable)]], Field(min_length=1)]
    body: Text = ""
    subject: Annotated[str, Field(max_length=200), AfterValidator(_storable)] = ""
    messages: Annotated[list[Id], Field(max_length=500)] = Field(default=[], description="Sent on with it.")
    files: Annotated[list[Id], Field(max_length=100)] = Field(
        default=[], description="Attachments of the ticket, 20 MB together at most."
    )
    answers: Id | None = Field(default=None, description="The supplier's message that it answers.")


class Merge(Body):
    """`into` keeps its number. `share` lets two different customers read each other's words."""

    into: Id = Field(description="Number of a ticket.")
    share: bool = False


class MergePerson(Body):
    """`into` remains."""

    into: Id = Field(description="Id of a person.")


class Split(Body):
    subject: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_storable)]
    messages: Annotated[list[Id], Field(min_length=1, max_length=5000)]


class Move(Body):
    to: Id = Field(description="Number of another ticket of the same customer.")
    messages: Annotated[list[Id], Field(min_length=1, max_length=5000)]


class NewPerson(Body):
    name: Annotated[str, Field(max_length=200), AfterValidator(_storable)] = ""
    email: Annotated[str, Field(max_length=254), AfterValidator(_storable)] | None = None
    phone: Annotated[str, Field(max_length=40), AfterValidator(_storable)] | None = None
    organization: Id | None = None


class NewOrganization(Body):
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
    domains: Annotated[list[Name], Field(max_length=50)] = []
    notes: Text = ""


# --- answered -----------------------------------------------------------------------------------


class Page(Shape, Generic[Row]):
    """`next` is the `cursor` of the page after it, null on the last."""

    items: list[Row]
    next: str | None


class Named(Shape):
    id: int
    name: str


class Queue(Shape):
    id: int
    slug: str
    name: str


class Status(Shape):
    slug: str
    label: str
    category: str


class TicketType(Shape):
    slug: str
    name: str


class Person(Shape):
    """`email` and `phone` are null where the reader may not know them."""

    id: int
    name: str
    email: str | None
    phone: str | None


class PersonDetail(Person):
    organization: Named | None
    language: str
    time_zone: str
    created_at: Time
    merged_into: int | None = Field(description="Id of the person of whom this one is part.")


class Organization(Shape):
    id: int
    name: str
    domains: list[str]
    notes: str
    created_at: Time


class RoleHeld(Shape):
    """`team` is null for a role held everywhere it reaches."""

    role: str
    team: Named | None


class TokenUsed(Shape):
    name: str
    read_only: bool


class Me(Shape):
    user: Person
    roles: list[RoleHeld]
    permissions: list[str]
    token: TokenUsed


class Ticket(Shape):
    number: int
    subject: str
    status: Status
    priority: Priority
    type: str | None
    channel: str
    queue: Queue
    team: Named | None
    assignee: Person | None
    requester: Person
    organization: Named | None
    tags: list[str]
    custom: dict[str, Any]
    due_at: Time | None
    created_at: Time
    updated_at: Time
    first_responded_at: Time | None
    resolved_at: Time | None
    merged_into: int | None = Field(description="Number of the ticket of which this one is part.")
    version: int
    url: str


class TicketPage(Page[Ticket]):
    """`until` stands in answers to `updated_since`: give it as the next one."""

    until: Time | None = None


class Attachment(Shape):
    id: int
    filename: str
    content_type: str
    size: int
    inline: bool


class AttachmentDetail(Attachment):
    """`message` is null for an upload that was not posted yet."""

    message: int | None


class Upload(Shape):
    id: int
    filename: str
    content_type: str
    size: int


class DeliveryError(Shape):
    code: str
    text: str


class Delivery(Shape):
    to: str
    channel: str
    state: str
    error: DeliveryError | None
    at: Time


class Message(Shape):
    id: int
    ticket: int | None
    direction: Literal["in", "out"]
    visibility: Literal["public", "internal"]
    kind: Literal["human", "auto", "bounce", "system", "forward", "supplier"]
    channel: str
    author: Person | None
    to: list[str]
    cc: list[str]
    subject: str
    text: str
    new_text: str
    html: str
    attachments: list[Attachment]
    external_id: str | None
    in_reply_to: str | None
    deliveries: list[Delivery]
    created_at: Time
    sent_at: Time | None


class MessagePage(Page[Message]):
    """`until` stands in answers to `since`: give it as the next one."""

    until: Time | None = None


class Actor(Shape):
    kind: Literal["user", "system"]
    id: int | None
    name: str


class Event(Shape):
    id: int
    kind: str
    at: Time
    actor: Actor
    text: str
    data: dict[str, Any]


class FieldError(Shape):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457. A 409 of a ticket carries the ticket as it stands now."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]
    ticket: Ticket | None = None
