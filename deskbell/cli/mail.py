"""`deskbell mail receive`: store one raw message, before anything is understood of it.

A mail server runs this for every message, so it starts without Django: one connection, one transaction
with the row and its job.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from deskbell.cli import database
from deskbell.cli.refusal import Refusal

# sysexits(3), as mail servers read them
NO_SUCH_MAILBOX = 67
TRY_AGAIN = 75
LIMIT = 60 * 1024 * 1024

MAILBOX = """
    select id from channels_channel
    where kind = 'email' and state <> 'off' and address = any(%s)
    order by address = %s desc limit 1
"""
STORE = """
    insert into channels_inbounditem (channel_id, raw, envelope_from, envelope_to)
    values (%s, %s, %s, %s) returning id
"""
#: what procrastinate's own connectors send to enqueue a job (procrastinate/sql/queries.sql, defer_jobs)
DEFER = """
    select procrastinate_defer_jobs_v1(array[
        row('inbound', 'channels.receive', 0, null, null, jsonb_build_object('item_id', %s::bigint), null)
        ::procrastinate_job_to_defer_v1
    ])
"""


def receive(to: str, sender: str, *, wait: bool) -> int:
    """Take the message on standard input into the mailbox `to`. Returns the exit code."""
    import psycopg  # slow, and not every command needs it

    limit = int(os.environ.get("DESKBELL_MAIL_LIMIT") or LIMIT)
    raw = sys.stdin.buffer.read(limit + 1)
    if len(raw) > limit:
        raise Refusal(f"The message is larger than {limit // 1024**2} MB.", code=TRY_AGAIN)
    try:
        with database.connect(database.choose(code=TRY_AGAIN), autocommit=False) as connection:
            item = _store(connection, raw, to, sender)
    except (psycopg.Error, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Refusal(f"The message could not be stored: {reason}.", code=TRY_AGAIN) from None
    except Refusal as refusal:
        if refusal.code != NO_SUCH_MAILBOX:
            raise Refusal(str(refusal), code=TRY_AGAIN) from None
        raise
    print(f"inbound {item}", flush=True)
    if wait:
        _work_on(item)
    return 0


def _store(connection: Any, raw: bytes, to: str, sender: str) -> int:
    address = _key(to)
    base = re.sub(r"\+[^@]*@", "@", address)
    mailbox = connection.execute(MAILBOX, [[address, base], address]).fetchone()
    if mailbox is None:
        raise Refusal(f"There is no mailbox {to}.", code=NO_SUCH_MAILBOX)
    item = connection.execute(STORE, [mailbox[0], raw, sender, address]).fetchone()[0]
    connection.execute(DEFER, [item])
    return int(item)


def _key(address: str) -> str:
    """The address as `people.addresses.email_key` writes it; that module needs Django."""
    local, _, domain = address.strip().strip("<>").rpartition("@")
    try:
        return f"{local.casefold()}@{domain.rstrip('.').lower().encode('idna').decode()}"
    except UnicodeError:
        return address


def _work_on(item: int) -> None:
    """Process the stored message here; whatever becomes of it, it is stored and the exit code stays 0."""
    database.set_up()
    from deskbell.channels import inbound  # Django is ready by now

    print(json.dumps(inbound.receive(item)), flush=True)
