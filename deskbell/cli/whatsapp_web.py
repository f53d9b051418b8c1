"""`deskbell whatsapp-web`: the gateway of one number, in a process of its own (deskbell.gateway).

No Django in it: the number's row says where to listen and by which secret, then the database is left alone.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from deskbell.cli import database
from deskbell.cli.refusal import Refusal
from deskbell.gateway import process
from deskbell.kit import lifeline
from deskbell.kit.paths import data_dir

_SWITCHED_ON = """
    select channel.uuid::text, channel.name, device.port, channel.secrets
    from channels_channel channel join channels_linkeddevice device on device.channel_id = channel.id
    where channel.kind = 'whatsapp-web' and channel.state <> 'off' and device.gateway = '' order by channel.id
"""


def run(uuid: str | None, desk: str | None = None) -> None:
    """Until a signal ends it; events go to the address `desk`, which is DESKBELL_BASE_URL unless given.

    Raises Refusal when no number needs it, or when it has its process already.
    """
    number, name, port, sealed = _chosen(database.ask(database.choose(), switched_on), uuid)
    from cryptography.fernet import InvalidToken

    from deskbell.kit.secrets import unseal  # slow: only once there is something to do

    try:
        secret = str(unseal(bytes(sealed))["gateway"])
    except InvalidToken:
        raise Refusal(f"The secret of “{name}” was sealed with keys that are not here.") from None
    lifeline.end_with_parent()
    base = os.environ.get("DESKBELL_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    folder = data_dir() / "whatsapp-web" / number
    try:
        process.run(
            folder,
            sid=number,
            secret=secret,
            listen=f"http://127.0.0.1:{port}",
            desk=f"{desk or base}/channels/whatsapp-web/{number}/",
            host=urlsplit(base).netloc if desk else "",
        )
    except process.Taken:
        raise Refusal(f"Another process holds the link of “{name}” already.") from None
    except OSError as error:
        raise Refusal(f"Port {port} of this machine cannot be used: {error.strerror or error}.") from None


def switched_on(connection: Any) -> list[tuple[str, str, int, bytes]]:
    """(uuid, name, port, sealed secret) of every number that is in use by a gateway of ours."""
    return list(connection.execute(_SWITCHED_ON).fetchall())


def _chosen(rows: list[tuple[str, str, int, bytes]], uuid: str | None) -> tuple[str, str, int, bytes]:
    found = [row for row in rows if uuid in (None, row[0])]
    if not found:
        raise Refusal("No WhatsApp Web number is switched on. Add one under Setup, WhatsApp.", code=78)
    if len(found) > 1:
        names = ", ".join(f"{name} ({each})" for each, name, _port, _secret in found)
        raise Refusal(f"Several numbers are switched on; say which one by --channel: {names}.")
    return found[0]
