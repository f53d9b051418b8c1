"""Mailboxes that sign in by tokens of the simulated provider (tests/support/oauthserver.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deskbell.channels import actions
from deskbell.channels.actions import ProviderGiven
from deskbell.channels.email import oauth
from deskbell.channels.email.providers import client_of
from deskbell.channels.models import MailboxSignIn, SignInProvider
from deskbell.events.actor import SYSTEM
from tests.support.mailserver import MailServer, mail_server
from tests.support.oauthserver import CLIENT, SECRET, OAuthServer, oauth_server

BACK = "https://desk.example/setup/mailboxes/signed-in/"


@pytest.fixture(scope="module")
def simulators() -> Iterator[tuple[OAuthServer, MailServer]]:
    with (
        oauth_server() as provider,
        mail_server(introspection=f"http://127.0.0.1:{provider.port}/introspect") as mails,
    ):
        yield provider, mails


@pytest.fixture
def provider(simulators, settings, monkeypatch) -> OAuthServer:
    settings.HTTP_PLAIN_TO_LOOPBACK = True
    # the library of the protocol asks for https as well
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    simulators[0].renew()
    return simulators[0]


@pytest.fixture
def dovecot(simulators) -> MailServer:
    return simulators[1]


def given(provider: OAuthServer, **more: Any) -> ProviderGiven:
    values: dict[str, Any] = {
        "name": "Simulated",
        "kind": "other",
        "flow": "person",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "authorize_url": provider.authorize_url,
        "token_url": provider.token_url,
        "scopes": "mail offline_access",
        "mail_hosts": "127.0.0.1",
    }
    return ProviderGiven(**{**values, **more})


def known(provider: OAuthServer, **more: Any) -> SignInProvider:
    """The provider as the desk keeps it."""
    return actions.save_provider(given(provider, **more), by=SYSTEM)


def connect(provider: OAuthServer, sign_in: MailboxSignIn) -> None:
    """Somebody signs in for a mailbox."""
    client, verifier = client_of(sign_in.provider), oauth.new_verifier()
    address = oauth.address_of_sign_in(client, back=BACK, state="s", verifier=verifier)
    tokens = oauth.exchange(client, provider.visit(address)["code"], back=BACK, verifier=verifier)
    actions.connect(sign_in, tokens, by=SYSTEM)
