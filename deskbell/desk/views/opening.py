"""A new ticket for somebody who calls or stands at the counter."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deskbell.desk import uploads as files
from deskbell.desk.access import desk, person
from deskbell.desk.forms import NewTicketForm
from deskbell.desk.pages import page
from deskbell.events.once import digest, once
from deskbell.kit.once import accepted, key_of
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.people.pointers import final_id
from deskbell.people.queries import find_people, visible_people
from deskbell.tickets import actions, queries, rules
from deskbell.tickets.actions.drafts import stamp_of
from deskbell.tickets.content import Content
from deskbell.tickets.models import Draft

#: source of the ticket → by what door a person made with it came
DOORS = {"phone": "phone", "mail": "mail", "web": "web", "walk_in": "made"}
FEWEST_LETTERS = 2


@require_http_methods(["GET", "POST"])
@desk
def new(request: HttpRequest) -> HttpResponse:
    """The form for a new ticket. Refused ones come back with every word and file."""
    if not rules.may_open_for_others(person(request)):
        raise rules.NotAllowed("open")
    if request.method == "GET":
        return _draw(request, _fresh(request))
    form = NewTicketForm(request.POST)
    kept, too_big = files.keep_files(request)
    uploads = files.uploads_of(request) + kept
    if too_big:
        form.add_error("text", _("Too big: %(names)s") % {"names": ", ".join(too_big)})
    elif form.is_valid():
        try:
            number = _open(request, form.cleaned_data, uploads)
        except User.DoesNotExist:
            form.add_error("name", _("This customer is no longer here. Choose or write another one."))
        except people.AddressTaken:
            form.add_error("phone", _("Another customer has this number. Choose that one, or leave it out."))
        except actions.EmptyMessage:
            form.add_error("text", _("Write a subject or what it is about."))
        except actions.UploadGone:
            form.add_error("text", _("A file is no longer here. Attach it again, then open the ticket."))
        except actions.NotStaff:
            form.add_error("assignee", _("This person cannot take tickets."))
        else:
            return accepted(redirect("desk:ticket", number), request)
    return _draw(request, form, uploads=files.shown(request, uploads), status=422)


def _fresh(request: HttpRequest) -> NewTicketForm:
    begun = queries.draft(person(request), Draft.Kind.TICKET)
    given = request.GET.get("requester", "")
    return NewTicketForm(
        initial={
            "text": begun.text if begun else "",
            "draft": stamp_of(begun.updated_at) if begun else "",
            "customer": given if given.isdecimal() else None,
        }
    )


def _draw(
    request: HttpRequest,
    form: NewTicketForm,
    *,
    uploads: list[dict[str, object]] | None = None,
    status: int = 200,
) -> HttpResponse:
    given = str(form["customer"].value() or "")
    chosen = _known(request, int(given)) if given.isdecimal() and len(given) < 19 else None
    stamp = request.POST.get("draft", "") or form.initial.get("draft", "")
    context = {"form": form, "chosen": chosen, "uploads": uploads or [], "draft": stamp}
    return page(request, "desk/new.html", context, status=status)


def _known(request: HttpRequest, pk: int) -> User | None:
    return (
        visible_people(person(request))
        .select_related("organization")
        .filter(pk=final_id(pk), is_active=True)
        .first()
    )


def _open(request: HttpRequest, given: dict[str, Any], uploads: list[int]) -> int:
    """Open it once, however often the form is sent; the ticket's number."""
    user = person(request)

    def act() -> int:
        ticket = actions.open_ticket(
            requester=_customer(user, given),
            subject=given["subject"],
            content=Content.markdown(given["text"], uploads=uploads),
            by=user,
            source=given["source"],
            internal=given["visibility"] == "internal",
            queue=given["queue"],
            team=given["team"],
            assignee=given["assignee"],
            priority=given["priority"],
            type=given["type"],
            tell=given["tell"],
        )
        actions.forget_draft(user, kind=Draft.Kind.TICKET)
        return ticket.number

    key = key_of(request)
    content = [str(given.get(name)) for name in sorted(given)] + [uploads]
    if not key:
        with transaction.atomic():
            return act()
    return int(once(f"desk.open:{user.pk}", f"{key}:{digest(content)[:32]}", content, act)[0])


def _customer(user: User, given: dict[str, Any]) -> User:
    """The person chosen, known by an address, or made now. Raises User.DoesNotExist, AddressTaken."""
    if given["customer"]:
        return visible_people(user).get(pk=final_id(given["customer"]), is_active=True)
    return people.person_described(
        name=given["name"],
        email=given["email"],
        phone=given["phone"],
        how=DOORS[given["source"]],
        by=user,
    )


@require_GET
@desk
def known_people(request: HttpRequest) -> HttpResponse:
    """People who may be meant by what is typed into the name, e-mail or phone of a new ticket."""
    name = request.headers.get("HX-Trigger-Name", "")
    words = request.GET.get(name if name in ("name", "email", "phone") else "q", "").strip()[:100]
    people_found: list[User] = []
    if len(words) >= FEWEST_LETTERS:
        found = find_people(person(request), words, limit=6)
        people_found = list(found.select_related("organization").prefetch_related("identities"))
    return page(request, "desk/_people.html", {"people": people_found, "typed": words})


@require_GET
@desk
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """The chosen person in the form for a new ticket; 0 goes back to the empty fields."""
    chosen = _known(request, pk) if pk else None
    if pk and chosen is None:
        raise Http404
    return page(request, "desk/_customer.html", {"form": NewTicketForm(), "chosen": chosen})
