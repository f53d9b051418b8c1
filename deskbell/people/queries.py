"""Reads over people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from deskbell.people import permissions
from deskbell.people.actions import is_set_up, may_register, token_digest
from deskbell.people.companies import company
from deskbell.people.models import (
    ApiToken,
    Grant,
    Identity,
    MembershipRequest,
    Organization,
    OrganizationDomain,
    Team,
    User,
)
from deskbell.people.models.user import LISTED_AS
from deskbell.people.rights import rights_of

__all__ = [
    "company",
    "find_people",
    "holder_of_token",
    "is_set_up",
    "may_register",
    "members",
    "staff",
    "tokens_of",
    "visible_organizations",
    "visible_people",
]
TOKEN_USE_NOTED_EVERY = timedelta(hours=1)


def visible_people(user: User) -> QuerySet[User]:
    """The people `user` may look up: everybody for those with the permission, else himself."""
    if rights_of(user).has(permissions.PEOPLE_VIEW):
        return User.objects.all()
    return User.objects.filter(pk=user.pk)


def visible_organizations(user: User) -> QuerySet[Organization]:
    """All for staff who may look people up; one's own for everybody else."""
    if rights_of(user).has(permissions.PEOPLE_VIEW):
        return Organization.objects.all()
    return Organization.objects.filter(pk=user.organization_id or 0)


def find_people(
    user: User, words: str, *, limit: int = 10, among: QuerySet[User] | None = None
) -> QuerySet[User]:
    """People whose name, address or phone contains `words`, `among` these or those `user` may look up."""
    people = visible_people(user) if among is None else among
    return people.filter(_called(words), is_active=True).order_by("name", "pk")[:limit]


def _called(words: str) -> Q:
    """Condition on User: `words` in the name or an address, its digits in a phone number."""
    named = Exists(Identity.objects.filter(user=OuterRef("pk"), key__icontains=words.strip()))
    digits = "".join(c for c in words if c.isdigit())
    condition = Q(name__icontains=words.strip()) | Q(named)
    if len(digits) >= 4:
        condition |= Q(
            Exists(Identity.objects.filter(user=OuterRef("pk"), kind="phone", key__contains=digits))
        )
    return condition


def phones_of(users: Iterable[User | None]) -> dict[int, str]:
    """The first phone number (E.164) of each by the person's id, in one query."""
    ids = {user.pk for user in users if user is not None}
    if not ids:
        return {}
    rows = Identity.objects.filter(user__in=ids, kind=Identity.Kind.PHONE).order_by("primary", "-pk")
    return dict(rows.values_list("user_id", "key"))


def knows(reader: User, person: User) -> bool:
    """Whether a customer may read who `person` is: himself, and the people of his own organisation."""
    same = reader.organization_id is not None and reader.organization_id == person.organization_id
    return reader.pk == person.pk or same


def name_for(reader: User, person: User) -> str:
    """What a customer reads of `person`: his name within the organisation, else the bare address."""
    return person.display_name if knows(reader, person) or not person.email else person.email


def colleagues(user: User, *, limit: int = 200) -> QuerySet[User]:
    """The other active people of his organisation whom mail can reach; none for somebody without one."""
    same = User.objects.filter(organization=user.organization_id or 0, is_active=True, email__isnull=False)
    return same.exclude(pk=user.pk).order_by("name", "pk")[:limit]


def people_of(organization_id: int | None) -> QuerySet[User]:
    """Everybody who belongs to the organisation, by name, with his customer roles at hand."""
    levels = Prefetch("grants", Grant.objects.select_related("role").order_by("pk"))
    same = User.objects.filter(organization=organization_id or 0, merged_into=None)
    return same.prefetch_related(levels).order_by("-is_active", "name", "pk")


def asking(organization_id: int | None) -> QuerySet[MembershipRequest]:
    """Who would belong to the organisation and waits for an answer."""
    waiting = MembershipRequest.objects.filter(organization=organization_id or 0, decided_at=None)
    return waiting.select_related("user").order_by("pk")


def deciders(organization: Organization) -> list[User]:
    """Who decides about membership: the managers of the organisation, then whoever sets the desk up."""
    manages = Q(
        organization=organization,
        grants__role__scope="organization",
        grants__role__permissions__contains=[permissions.CUSTOMER_WRITE],
    )
    sets_up = Q(grants__role__permissions__contains=[permissions.SETUP])
    people = User.objects.filter(manages | sets_up, is_active=True, email__isnull=False).distinct()
    return list(people.order_by("pk"))


def customers(user: User, *, words: str = "", organization: int | None = None) -> QuerySet[User]:
    """People who do not work at the desk, among those `user` may look up, by name; closed accounts too.

    `words` stand in the name, an address, a phone number or the organisation's name.
    """
    works = Grant.objects.filter(user=OuterRef("pk"), role__permissions__contains=[permissions.DESK])
    found = visible_people(user).filter(~Exists(works), anonymised_at=None, merged_into=None)
    found = found.annotate(listed_as=LISTED_AS)
    if organization is not None:
        found = found.filter(organization=organization)
    if words:
        found = found.filter(_called(words) | Q(organization__name__icontains=words.strip()))
    return found.order_by("listed_as", "pk")


def organizations(user: User, *, words: str = "") -> QuerySet[Organization]:
    """Organisations `user` may look up, by name, with `words` in it or in a mail domain."""
    found = visible_organizations(user).annotate(listed_as=Lower("name"))
    if words:
        domain = OrganizationDomain.objects.filter(
            organization=OuterRef("pk"), domain__contains=words.strip().casefold()
        )
        found = found.filter(Q(name__icontains=words.strip()) | Exists(domain))
    return found.order_by("listed_as", "pk")


def staff() -> QuerySet[User]:
    """Active people who work at the desk."""
    works = Grant.objects.filter(user=OuterRef("pk"), role__permissions__contains=[permissions.DESK])
    return User.objects.filter(Exists(works), is_active=True).order_by("name", "pk")


def workers() -> QuerySet[User]:
    """Active people who may be put in charge of tickets: they work at the desk and may answer.

    Whoever may answer anywhere may do so where he was put in charge (`Rights.reach`).
    """
    answers = Grant.objects.filter(
        user=OuterRef("pk"), role__permissions__contains=[permissions.TICKET_REPLY]
    )
    return staff().filter(Exists(answers))


def reachable(people: Iterable[User]) -> list[User]:
    """Those of `people` whose address does not send everything back."""
    people = list(people)
    gone = Identity.objects.filter(
        user__in=people, kind=Identity.Kind.EMAIL, primary=True, undeliverable_at__isnull=False
    )
    lost = set(gone.values_list("user_id", flat=True)) if people else set()
    return [person for person in people if person.pk not in lost]


def members(team: Team | int) -> QuerySet[User]:
    """Active staff with a grant in the team."""
    works = Grant.objects.filter(
        user=OuterRef("pk"), team=team, role__permissions__contains=[permissions.DESK]
    )
    return User.objects.filter(Exists(works), is_active=True).order_by("name", "pk")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The tokens of `user` that were not revoked, the newest first; expired ones too."""
    return ApiToken.objects.filter(user=user, revoked_at=None).order_by("-pk")


def holder_of_token(token: str) -> tuple[User, ApiToken] | None:
    """The active person behind a token that is neither revoked nor too old. Notes its use now and then."""
    row = (
        ApiToken.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
        .filter(digest=token_digest(token), revoked_at=None, user__is_active=True)
        .first()
    )
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at < timezone.now() - TOKEN_USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=timezone.now())
    return row.user, row
