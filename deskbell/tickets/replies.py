"""Who sees and who keeps which saved replies."""

from __future__ import annotations

from django.db.models import Q

from deskbell.people import permissions
from deskbell.people.models import Team, User
from deskbell.people.rights import rights_of
from deskbell.tickets.models import SavedReply

#: offered at once in the composer
OFFERED = 30


def visible(user: User) -> Q:
    """Condition on SavedReply."""
    rights = rights_of(user)
    if not rights.staff:
        return Q(pk__in=[])
    everyones = Q(owner=None, team=None)
    teams = Q(owner=None) if rights.has(permissions.SETUP) else Q(team__in=sorted(rights.teams))
    return Q(owner=user) | everyones | teams


def may_keep(user: User, *, owner: User | None, team: Team | None) -> bool:
    """Whether `user` may write replies of this scope: his own; a team's when he answers tickets in it, and
    everyone's when he may set the desk up (then also any team's).
    """
    rights = rights_of(user)
    if owner is not None:
        return rights.staff and owner.pk == user.pk
    return rights.has(permissions.SETUP) or (team is not None and team.pk in _answers_in(user))


def teams_kept(user: User) -> list[Team]:
    """The teams whose replies `user` may write."""
    teams = Team.objects.order_by("name")
    if rights_of(user).has(permissions.SETUP):
        return list(teams)
    return list(teams.filter(pk__in=_answers_in(user)))


def _answers_in(user: User) -> set[int]:
    grants = rights_of(user).grants
    return {g.team_id for g in grants if g.team_id and permissions.TICKET_REPLY in g.role.permissions}


def offered(user: User, words: str) -> list[SavedReply]:
    """Replies with all of `words` in name or text, the most used first."""
    found = SavedReply.objects.visible_to(user).select_related("team")
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(text__icontains=word))
    return list(found.order_by("-used", "name", "pk")[:OFFERED])
