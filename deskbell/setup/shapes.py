"""What an administrator shapes, all in one way: a list, a form, a question before it is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.people import permissions, shaping
from deskbell.people.models import Organization, Site, Team
from deskbell.setup import shape_forms as forms
from deskbell.tickets.actions import shaping as tickets
from deskbell.tickets.models import Queue, Status, Tag, TicketType

Words = str | Promise


@dataclass(frozen=True)
class Shape:
    """`key` is its item in the menu and its list's route; `one` begins the routes of a single one.

    `add`, `change` and `remove` are actions; `refusals` say which field of the form an expected failure of
    theirs belongs to, and the sentence.
    """

    key: str
    one: str
    model: type[Model]
    form: type[Any]
    title: Words
    new: Words
    change: Callable[..., None]
    remove: Callable[..., None]
    in_use: Words
    #: who may open and change it
    permission: str = permissions.SETUP
    add: Callable[..., Any] | None = None
    refusals: dict[type[Exception], tuple[str | None, Words]] = field(default_factory=dict)

    def refusal(self, error: Exception) -> tuple[str | None, Words]:
        """KeyError for a failure nobody expects."""
        return (COMMON | self.refusals)[type(error)]


COMMON: dict[type[Exception], tuple[str | None, Words]] = {
    shaping.NameTaken: (None, _("Somebody has just used this name, short name or address for another one.")),
}

QUEUES = Shape(
    key="queues",
    permission=permissions.SHAPE,
    one="queue",
    model=Queue,
    form=forms.QueueForm,
    title=_("Queues"),
    new=_("New queue"),
    add=tickets.add_queue,
    change=tickets.change_queue,
    remove=tickets.remove_queue,
    in_use=_("Tickets are in this queue. Switch it off instead: they stay, and it is offered no more."),
    refusals={
        tickets.LastPublicQueue: (
            "active",
            _("This is the last queue customers can choose. Open another one to them first."),
        )
    },
)
STATUSES = Shape(
    key="statuses",
    permission=permissions.SHAPE,
    one="status",
    model=Status,
    form=forms.StatusForm,
    title=_("Statuses"),
    new=_("New status"),
    add=tickets.add_status,
    change=tickets.change_status,
    remove=tickets.remove_status,
    in_use=_("Tickets have this status. Switch it off instead: they keep it, and nobody can choose it."),
    refusals={
        tickets.DefaultStatus: (
            "active",
            _("Deskbell sets this status by itself. Make another one of its category the default first."),
        ),
        tickets.CategoryFixed: ("category", _("Tickets have this status, so its category stays.")),
    },
)
TYPES = Shape(
    key="types",
    permission=permissions.SHAPE,
    one="type",
    model=TicketType,
    form=forms.TypeForm,
    title=_("Types"),
    new=_("New type"),
    add=tickets.add_type,
    change=tickets.change_type,
    remove=tickets.remove_type,
    in_use=_("Tickets are of this type. Switch it off instead: they keep it, and nobody can choose it."),
)
TAGS = Shape(
    key="tags",
    permission=permissions.SHAPE,
    one="tag",
    model=Tag,
    form=forms.TagForm,
    title=_("Tags"),
    new="",
    change=tickets.rename_tag,
    remove=tickets.remove_tag,
    in_use="",
)
TEAMS = Shape(
    key="teams",
    permission=permissions.TEAMS,
    one="team",
    model=Team,
    form=forms.TeamForm,
    title=_("Teams"),
    new=_("New team"),
    add=shaping.add_team,
    change=tickets.change_team,
    remove=tickets.remove_team,
    in_use=_("People, tickets or queues belong to this team. Switch it off instead: it is offered no more."),
    refusals={
        shaping.InUse: (
            "active",
            _("A queue gives its tickets to this team. Choose another team for that queue first."),
        )
    },
)
ORGANIZATIONS = Shape(
    key="organizations",
    one="organization",
    model=Organization,
    form=forms.OrganizationForm,
    title=_("Organisations"),
    new=_("New organisation"),
    add=shaping.add_organization,
    change=shaping.change_organization,
    remove=tickets.remove_organization,
    in_use=_("People or tickets belong to this organisation, so it stays."),
    refusals={
        shaping.AddressTaken: ("domains", _("Another organisation has just taken one of these domains.")),
    },
)
SITES = Shape(
    key="organizations",
    one="site",
    model=Site,
    form=forms.SiteForm,
    title=_("Sites"),
    new=_("New site"),
    add=shaping.add_site,
    change=shaping.change_site,
    remove=tickets.remove_site,
    in_use=_("People or tickets belong to this site. Switch it off instead: it is offered no more."),
)
#: those with an order, moved by buttons
ORDERED = (QUEUES, STATUSES, TYPES)
SHAPES = {shape.one: shape for shape in (QUEUES, STATUSES, TYPES, TAGS, TEAMS, ORGANIZATIONS, SITES)}
