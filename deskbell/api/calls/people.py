"""People and organisations."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field

from deskbell.api import paging, shapes
from deskbell.api.access import caller
from deskbell.api.once import once
from deskbell.api.paging import Filter, PageQuery, only_known
from deskbell.api.problems import Problem, invalid
from deskbell.people import actions, permissions
from deskbell.people.addresses import BadAddress, email_key, is_email, phone_key
from deskbell.people.models import Identity, Organization, User
from deskbell.people.pointers import final
from deskbell.people.queries import visible_organizations, visible_people
from deskbell.people.rights import rights_of
from deskbell.tickets import present

router = Router(tags=["People"])


class PersonQuery(PageQuery):
    email: str = Field(default="", max_length=254)
    phone: Filter = Field(default="", description="With its country code; escape the + as %2B.")


@router.get("/people", response=shapes.Page[shapes.Person], summary="People one may look up")
def list_people(request: HttpRequest, query: Query[PersonQuery]) -> dict[str, Any]:
    """Everybody for those who may look people up, else oneself. An address finds its one owner."""
    only_known(request, query)
    user = caller(request)
    rows = visible_people(user).filter(is_active=True)
    for kind, given in (("email", query.email), ("phone", query.phone)):
        if given:
            rows = rows.filter(pk__in=_owner(kind, given))
    filters = [user.pk, query.email, query.phone]
    found = paging.page(rows, by=("id",), filters=filters, cursor=query.cursor, limit=query.limit)
    return {"items": present.people(found.rows), "next": found.next}


def _owner(kind: str, given: str) -> Any:
    return Identity.objects.filter(kind=kind, scope="", key=_key(kind, given)).values("user")


def _key(kind: str, given: str) -> str:
    """How the address is compared. Raises Problem."""
    try:
        if kind == "email":
            return email_key(given)
        number = given.strip()
        return phone_key(number if number.startswith("+") else f"+{number}")
    except BadAddress as error:
        raise invalid(kind, str(error)) from error


@router.get("/people/{id}", response=shapes.PersonDetail, summary="One person")
def get_person(request: HttpRequest, id: shapes.PathId) -> dict[str, Any]:
    return detail(visible_people(caller(request)).select_related("organization").get(pk=id))


@router.post("/people", response={201: shapes.PersonDetail}, summary="Add a person")
def create_person(request: HttpRequest, body: shapes.NewPerson) -> Status:
    """At least one of name, email and phone. 409 with `person` when somebody has the address already."""
    user = caller(request)
    if not rights_of(user).has(permissions.PEOPLE_EDIT):
        raise actions.NotAllowed(permissions.PEOPLE_EDIT)
    return once(request, body, lambda: detail(_added(user, body)))


def _added(user: User, body: shapes.NewPerson) -> User:
    email, phone = body.email, body.phone
    if not (body.name.strip() or email or phone):
        raise invalid("name", _("Give a name, an e-mail address or a phone number."))
    if email is not None and not is_email(email):
        raise invalid("email", _("Not an e-mail address."))
    organization = _organization(user, body.organization)
    for kind, given in (("email", email), ("phone", phone)):
        if given is not None:
            _free(kind, given)
    person = actions.create_person(name=body.name, how="api", by=user)
    if email is not None:
        actions.add_identity(person, "email", email, by=user)
    if phone is not None:
        actions.add_identity(person, "phone", phone, by=user)
    if organization:
        actions.change_person(person, by=user, organization=organization)
    return person


def _organization(user: User, given: int | None) -> Organization | None:
    if given is None:
        return None
    row = visible_organizations(user).filter(pk=given).first()
    if row is None:
        raise invalid("organization", _("There is none of that name, or it is not meant for you."))
    return row


def _free(kind: str, given: str) -> None:
    taken = Identity.objects.filter(kind=kind, scope="", key=_key(kind, given)).select_related("user").first()
    if taken:
        detail = _("Somebody else has %(address)s.") % {"address": given}
        raise Problem(
            409, detail, name="address-taken", errors=[(kind, detail)], person=present.person(taken.user)
        )


def detail(row: User) -> dict[str, Any]:
    return {
        **present.person(row),
        "organization": present.organization(row.organization) if row.organization else None,
        "language": row.language,
        "time_zone": row.time_zone,
        "created_at": present.moment(row.created_at),
        "merged_into": final(row).pk if row.merged_into_id is not None else None,
    }


# --- organisations ------------------------------------------------------------------------------


class OrganizationQuery(PageQuery):
    name: str = Field(default="", max_length=200, description="The whole name, in any case.")
    domain: str = Field(default="", max_length=253)


@router.get("/organizations", response=shapes.Page[shapes.Organization], summary="Organisations one may see")
def list_organizations(request: HttpRequest, query: Query[OrganizationQuery]) -> dict[str, Any]:
    """All for those who may look people up, else one's own."""
    only_known(request, query)
    user = caller(request)
    rows = visible_organizations(user).prefetch_related("domains")
    if query.name:
        rows = rows.filter(name__iexact=query.name)
    if query.domain:
        rows = rows.filter(domains__domain=query.domain.lower())
    filters = [user.pk, query.name, query.domain]
    found = paging.page(rows, by=("id",), filters=filters, cursor=query.cursor, limit=query.limit)
    return {"items": [_company(row, user) for row in found.rows], "next": found.next}


@router.get("/organizations/{id}", response=shapes.Organization, summary="One organisation")
def get_organization(request: HttpRequest, id: shapes.PathId) -> dict[str, Any]:
    user = caller(request)
    return _company(visible_organizations(user).get(pk=id), user)


@router.post("/organizations", response={201: shapes.Organization}, summary="Add an organisation")
def create_organization(request: HttpRequest, body: shapes.NewOrganization) -> Status:
    user = caller(request)
    return once(request, body, lambda: _company(_founded(user, body), user))


def _founded(user: User, body: shapes.NewOrganization) -> Organization:
    name = body.name.strip()
    if not name:
        raise invalid("name", _("Give a name."))
    try:
        row = actions.create_organization(name, domains=body.domains, notes=body.notes, by=user)
    except IntegrityError as error:
        detail = _("There is one of that name already.")
        raise Problem(409, detail, name="name-taken", errors=[("name", detail)]) from error
    row.refresh_from_db()
    return row


def _company(row: Organization, reader: User) -> dict[str, Any]:
    """Notes are the desk's own."""
    staff = rights_of(reader).has(permissions.PEOPLE_VIEW)
    return {
        **present.organization(row),
        "domains": sorted(domain.domain for domain in row.domains.all()),
        "notes": row.notes if staff else "",
        "created_at": present.moment(row.created_at),
    }
