"""Which tickets, messages and files a person may see: the one place where it is decided.

An arm is a condition that one index serves. Desk arms show everything of a ticket, customer arms
only what is public.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from deskbell.people.models import User
from deskbell.people.permissions import DESK
from deskbell.people.queries import visible_people
from deskbell.people.rights import Reach, rights_of
from deskbell.tickets.models import Message, Queue, Ticket, Watcher

NOTHING = Q(pk__in=[])


def desk_arms(user: User, permission: str = DESK) -> list[Q]:
    """What `user` reaches as staff, as conditions on Ticket; one empty condition means everything."""
    return arms_within(rights_of(user).reach(permission), user.pk)


def arms_within(reach: Reach, user_id: object) -> list[Q]:
    """The same of whoever has this `reach`. `user_id` may be an expression: the conditions follow from the
    reach alone.
    """
    if reach.everything:
        return [Q()]
    arms = [Q(team_id=team) for team in sorted(reach.teams)]
    if reach.queues_of_teams:
        queues = Queue.objects.filter(team_id__in=reach.queues_of_teams).values("pk")
        arms.append(Q(queue_id__in=queues))
    if reach.assigned:
        arms.append(Q(assignee_id=user_id))
    return arms


def customer_arms(user: User) -> list[Q]:
    """What `user` sees as a customer: asked himself, copied in, or his whole organisation's."""
    if not user.pk or not user.is_active:
        return []
    copied = Watcher.objects.filter(user=user, kind=Watcher.Kind.CC).values("ticket")
    arms = [Q(requester_id=user.pk), Q(pk__in=copied)]
    if rights_of(user).whole_organization and user.organization_id:
        arms.append(Q(organization_id=user.organization_id))
    return arms


def any_of(arms: list[Q]) -> Q:
    if not arms:
        return NOTHING
    whole = arms[0]
    for arm in arms[1:]:
        whole |= arm
    return whole


def visible(user: User, *, trashed: bool = False) -> Q:
    """Condition on Ticket."""
    desk = desk_arms(user)
    if not trashed:
        if any(not arm for arm in desk):
            return Q(trashed_at=None)
        return any_of(desk + customer_arms(user)) & Q(trashed_at=None)
    if any(not arm for arm in desk):
        return Q()
    return any_of(desk) | (any_of(customer_arms(user)) & Q(trashed_at=None))


def choosable_people(user: User) -> QuerySet[User]:
    """Whom `user` may choose as a ticket's customer: who he may look up, and who asked what he reaches."""
    asked = Ticket.objects.filter(any_of(desk_arms(user)), trashed_at=None).values("requester")
    known = Q(pk__in=visible_people(user).values("pk")) | Q(pk__in=asked)
    return User.objects.filter(known, is_active=True)


def visible_messages(user: User) -> Q:
    """Condition on Message: everything of tickets reached as staff, public messages of the others that
    their writers have not taken back.
    """
    desk = desk_arms(user)
    if any(not arm for arm in desk):
        return Q()
    own = Q(
        _ticket_in(any_of(customer_arms(user)) & Q(trashed_at=None)),
        visibility=Message.Visibility.PUBLIC,
        details__whatsapp__gone_at__isnull=True,
    )
    return Q(_ticket_in(any_of(desk))) | own if desk else own


def visible_attachments(user: User) -> Q:
    """Condition on Attachment."""
    messages = Message.objects.filter(visible_messages(user), pk=OuterRef("message_id"))
    return Q(Exists(messages)) | Q(message=None, uploader_id=user.pk)


def _ticket_in(condition: Q) -> Exists:
    return Exists(Ticket.objects.filter(condition, pk=OuterRef("ticket_id")))


def sees_internal(user: User, ticket: Ticket) -> bool:
    """Whether `user` sees internal notes of `ticket`: he reaches it as staff."""
    return reaches(user, ticket, DESK)


def reaches(user: User, ticket: Ticket, permission: str) -> bool:
    reach = rights_of(user).reach(permission)
    if reach.nothing or not user.pk:
        return False
    queue_team = ticket.queue.team_id if reach.queues_of_teams else None
    return reach.covers(ticket, user.pk, queue_team)


def is_customer_of(user: User, ticket: Ticket, *, copied: bool = True) -> bool:
    """Asked it himself, manages the organisation or, with `copied`, is copied in."""
    if not user.pk or not user.is_active:
        return False
    if ticket.requester_id == user.pk:
        return True
    if (
        rights_of(user).whole_organization
        and user.organization_id
        and ticket.organization_id == user.organization_id
    ):
        return True
    return copied and Watcher.objects.filter(ticket=ticket, user=user, kind=Watcher.Kind.CC).exists()
