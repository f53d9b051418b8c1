"""Tokens instead of passwords: OAuth 2.0 (RFC 6749, with PKCE, RFC 7636) as mail providers speak it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error, WebApplicationClient

from deskbell.kit import http

#: seconds a token lasts whose provider says nothing of it
USUAL = 300
#: what a provider says when somebody has to sign in (once more); all else may mend itself or the settings
ASK_A_PERSON = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})


class NotGranted(Exception):
    """No token this time; the message holds the provider's own words."""


class Refused(NotGranted):
    """The grant counts no more: asking again changes nothing until somebody has signed in."""


@dataclass(frozen=True)
class Client:
    """How the desk is known to a provider."""

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Tokens:
    """`refresh` is empty where the provider gave no (new) one; `lasts` is in seconds."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    lasts: int = USUAL


def new_verifier() -> str:
    return str(WebApplicationClient("").create_code_verifier(96))


def address_of_sign_in(client: Client, *, back: str, state: str, verifier: str) -> str:
    """Where somebody signs in; the provider sends the browser to `back` with `state` and a code."""
    web = WebApplicationClient(client.client_id)
    return str(
        web.prepare_request_uri(
            client.authorize_url,
            redirect_uri=back,
            scope=list(client.scopes),
            state=state,
            code_challenge=web.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
        )
    )


def exchange(client: Client, code: str, *, back: str, verifier: str) -> Tokens:
    """The tokens for the code somebody came back with. Raises NotGranted."""
    web = WebApplicationClient(client.client_id)
    return _ask(
        client, web.prepare_request_body(code, redirect_uri=back, code_verifier=verifier, **_secret(client))
    )


def refresh(client: Client, token: str) -> Tokens:
    """Raises Refused when somebody has to sign in again, else NotGranted."""
    web = WebApplicationClient(client.client_id)
    body = web.prepare_refresh_body(
        refresh_token=token, scope=list(client.scopes), client_id=client.client_id, **_secret(client)
    )
    return _ask(client, body)


def as_application(client: Client) -> Tokens:
    """A token for the desk itself. Raises NotGranted."""
    application = BackendApplicationClient(client.client_id)
    body = application.prepare_request_body(
        scope=list(client.scopes), include_client_id=True, **_secret(client)
    )
    try:
        return _ask(client, body)
    except Refused as error:  # there is nobody who could sign in
        raise NotGranted(str(error)) from None


def _secret(client: Client) -> dict[str, str]:
    return {"client_secret": client.client_secret} if client.client_secret else {}


def _ask(client: Client, body: str) -> Tokens:
    try:
        answer = http.post_form(client.token_url, body)
    except (http.BadAddress, http.NoAnswer) as error:
        raise NotGranted(str(error)) from None
    host = http.checked(client.token_url).hostname
    fields = answer.json()
    if not fields.keys() & {"access_token", "error"} or answer.status >= 500:
        text = _("%(host)s answers with %(status)s and no token.")
        raise NotGranted(text % {"host": host, "status": answer.status})
    try:
        given = WebApplicationClient(client.client_id).parse_request_body_response(answer.body.decode())
        access, new, lasts = given["access_token"], given.get("refresh_token"), given.get("expires_in")
    except OAuth2Error as error:
        said = _words(str(error.error), fields.get("error_description"))
        raise (Refused if error.error in ASK_A_PERSON else NotGranted)(said) from None
    except (ValueError, TypeError) as error:
        raise NotGranted(_("%(host)s answers with a token that cannot be read.") % {"host": host}) from error
    if not isinstance(access, str) or not access.isascii() or not access.isprintable():
        raise NotGranted(_("%(host)s answers with a token that cannot be read.") % {"host": host})
    return Tokens(access, new if isinstance(new, str) else "", int(lasts or USUAL))


def _words(code: str, description: object) -> str:
    """The provider's words in one line; Microsoft adds ids and times that help nobody else."""
    first = str(description or "").strip().splitlines()[:1]
    text = first[0].split(" Trace ID:")[0] if first else ""
    return (f"{code}: {text}" if text else code)[:400]
