"""Copies of sent mails in the folder that a mailbox has for them (IMAP APPEND).

A copy is looked for by its Message-ID before it is put there: an answer that was lost makes no second one.
"""

from __future__ import annotations

from deskbell.channels.actions import copies as actions
from deskbell.channels.email.accounts import Account, BadAccount
from deskbell.channels.email.boxes import BoxError, SentBox
from deskbell.channels.email.tokens import signed_in
from deskbell.channels.models import IncomingServer


def put_waiting(server_id: int) -> None:
    """Put what waits for one mailbox. The first that fails ends the round; the others come with the next."""
    server = IncomingServer.objects.select_related("channel").filter(pk=server_id).first()
    waiting = list(actions.waiting().filter(server_id=server_id).order_by("next_try_at", "pk"))
    if server is None or not waiting:
        return
    try:
        box = signed_in(
            Account.of(server), server.channel_id, lambda account: SentBox(account, server.sent_folder)
        )
    except (BoxError, BadAccount) as error:
        for copy in waiting:
            actions.note_not_copied(copy, str(error))
        return
    try:
        for copy in waiting:
            try:
                box.put(copy.message_id, bytes(copy.content or b""))
            except BoxError as error:
                actions.note_not_copied(copy, str(error))
                return
            actions.note_copied(copy)
    finally:
        box.close()
