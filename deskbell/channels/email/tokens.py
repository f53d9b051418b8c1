"""Sign in at a mail server with a token that is fresh, and once more when the server does not take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from deskbell.channels.actions.sign_ins import fresh_token
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.boxes import SignInRefused

Answer = TypeVar("Answer")


def signed_in(
    account: Account,
    channel_id: int,
    act: Callable[[Account], Answer],
    *,
    refusal: type[Exception] = SignInRefused,
    at_once: bool = False,
) -> Answer:
    """What `act` answers, with a token where `account` signs in by one.

    `refusal` is what `act` raises when the server does not take the sign-in: a provider may take a token
    back before its time. Raises SignInNeeded, NoToken, and what `act` raises.
    """
    if not account.with_token:
        return act(account)
    token = fresh_token(channel_id, at_once=at_once)
    try:
        return act(replace(account, token=token))
    except refusal:
        another = fresh_token(channel_id, refused=token, at_once=at_once)
    return act(replace(account, token=another))
