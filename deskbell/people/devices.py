"""The device behind a request, and what a person reads about his own."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.companies import company
from deskbell.people.events import DeviceRevoked, SignedIn, SignedOut, SignInFailed
from deskbell.people.models import Device, User
from deskbell.people.rights import rights_of

#: in the session: number of the device, and when its use was last noted (seconds since the epoch)
SESSION_KEY = "device"
#: in the session: how the sign-in that is under way began (see `begin_on_the_phone`)
BEGUN = "signing_in"
BEGUN_LASTS = 15 * 60
#: seconds between two notes of a device's use
NOTED_EVERY = 300
#: the cookie by which a browser is known again, and how long it lasts
MARK, MARK_LASTS = "deskbell_device", 365 * 24 * 3600
HISTORY = (SignedIn, SignInFailed, SignedOut, DeviceRevoked)
HISTORY_LASTS = timedelta(days=30)


def device_of(request: HttpRequest) -> int | None:
    """Number of the device this request comes from; none for somebody signed out."""
    session = getattr(request, "session", None)
    noted = session.get(SESSION_KEY) if session is not None else None
    return noted[0] if noted else None


def visit_of(request: HttpRequest) -> actions.Visit:
    return actions.Visit(
        address=request.META.get("REMOTE_ADDR", "")[:45],
        agent=request.META.get("HTTP_USER_AGENT", "")[:500],
        mark=request.COOKIES.get(MARK, "")[:100],
    )


def begin_on_the_phone(request: HttpRequest, *, stay: bool) -> None:
    """A sign-in on the phone page begins; `stay`: signed in for as long as the company says."""
    request.session[BEGUN] = {"stay": stay, "at": time.time()}


def enter(request: HttpRequest, user: User, *, how: str) -> tuple[Device, bool]:
    """Note the sign-in that just happened; see `actions.sign_in`. `follow` does the rest with the answer."""
    visit = visit_of(request)
    if not visit.mark:
        visit = actions.Visit(visit.address, visit.agent, secrets.token_urlsafe(24))
    request.device_mark = visit.mark  # type: ignore[attr-defined]
    begun = request.session.pop(BEGUN, None)
    on_the_phone = begun is not None and time.time() - begun["at"] < BEGUN_LASTS
    trusted_until = None
    if on_the_phone:
        trusted_until = _phone_stays_until() if begun["stay"] else None
        request.session_lasts = trusted_until or 0  # type: ignore[attr-defined]
    key = request.session.session_key or ""
    device, strange = actions.sign_in(
        user,
        session_key=key,
        visit=visit,
        how=how,
        where=Device.Where.FIELD if on_the_phone else _where(user),
        trusted_until=trusted_until,
    )
    request.session[SESSION_KEY] = [device.pk, int(time.time())]
    request.device_key = key  # type: ignore[attr-defined]
    return device, strange


def _phone_stays_until() -> datetime:
    return timezone.now() + timedelta(days=company().phone_days)


def _where(user: User) -> str:
    return Device.Where.DESK if rights_of(user).staff else Device.Where.PORTAL


def meet(request: HttpRequest, user: User) -> None:
    """Note now and then that the device is used, without a query in between; note a session from before."""
    noted = request.session.get(SESSION_KEY)
    if noted is None:
        enter(request, user, how="")
    elif time.time() - noted[1] > NOTED_EVERY:
        actions.see_device(noted[0], address=request.META.get("REMOTE_ADDR", "")[:45])
        request.session[SESSION_KEY] = [noted[0], int(time.time())]
    request.device_key = request.session.session_key  # type: ignore[attr-defined]


def follow(request: HttpRequest, response: HttpResponse) -> None:
    """After the view: the session's new key and end, and the cookie that marks the browser."""
    device = device_of(request) if hasattr(request, "device_key") else None
    if device is None:
        return
    lasts = getattr(request, "session_lasts", None)
    if lasts is not None:
        request.session.set_expiry(lasts)
    key = request.session.session_key
    if key and key != request.device_key:  # type: ignore[attr-defined]
        actions.move_device(device, session_key=key)
    if mark := getattr(request, "device_mark", ""):
        response.set_cookie(
            MARK,
            mark,
            max_age=MARK_LASTS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )


def devices_of(user: User) -> QuerySet[Device]:
    """Where `user` is signed in, the one used last first."""
    return Device.objects.filter(user=user).signed_in().order_by("-last_seen_at", "-pk")


def history_of(user: User, *, limit: int = 100) -> QuerySet[Event]:
    """His sign-ins, failed ones too, sign-outs and revocations of the last HISTORY_LASTS, newest first."""
    since = timezone.now() - HISTORY_LASTS
    kinds = [kind.kind for kind in HISTORY]
    rows = Event.objects.filter(about_kind="user", about_id=user.pk, kind__in=kinds, at__gte=since)
    return rows.select_related("detail").order_by("-pk")[:limit]
