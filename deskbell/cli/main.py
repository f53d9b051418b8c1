"""The command `deskbell`. What a command needs is imported when it runs: they must start at once."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deskbell
from deskbell.cli.refusal import Refusal

ROLES = (
    "owner", "admin", "supervisor", "agent", "engineer", "auditor", "customer_manager", "customer",
    "read_only", "read_only_organization",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns its exit code; what goes wrong is one sentence on standard error."""
    given = _parse(arguments)
    if given.data_dir:
        os.environ["DESKBELL_DATA_DIR"] = str(Path(given.data_dir).expanduser().absolute())
    try:
        return int(given.run(given) or 0)
    except Refusal as refusal:
        sentence, code = str(refusal), refusal.code
    except OSError as error:
        sentence, code = _plain(error)
    except KeyboardInterrupt:
        return 130
    print(f"deskbell: {sentence}", file=sys.stderr)
    return code


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    """As `parse_args`, but key=value words may also stand after an option, where argparse loses them."""
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    if any(word.startswith("-") or not hasattr(given, "values") for word in rest):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        given.values += rest
    return given


def _plain(error: OSError) -> tuple[str, int]:
    """An operating system's error in words for the person at the terminal; others are defects, and raised."""
    place = error.filename or "the data folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"No permission to write {place}. Use another data folder (--data-dir) or check who owns it.",
            77,
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {place} is full. Free some space and try again.", 74
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{place} is in the way: it is a file, and a folder is needed there.", 73
    raise error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deskbell", description="A self-hosted ticket desk.")
    parser.add_argument("--version", action="version", version=f"Deskbell {deskbell.__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    for each, default in ((parser, None), (shared, argparse.SUPPRESS)):
        each.add_argument(
            "--data-dir", default=default, metavar="DIR", help="the data folder (DESKBELL_DATA_DIR)"
        )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int | None], about: str, under: Any = commands
    ) -> argparse.ArgumentParser:
        each = under.add_parser(name, help=about, description=about, parents=[shared])
        each.set_defaults(run=run)
        return each

    def group(name: str, about: str) -> Any:
        each = commands.add_parser(name, help=about, description=about, parents=[shared])
        return each.add_subparsers(required=True, metavar="COMMAND")

    each = command("up", _up, "run everything on this machine: database, web and worker")
    _address(each)
    each.add_argument("--demo", action="store_true", help="with a demo company to try it out")
    each.add_argument("--qr", action="store_true", help="show a QR code that opens it on a phone")
    _address(command("web", _web, "run the web server alone"))
    each = command("worker", _worker, "run the jobs alone")
    each.add_argument("--queues", help="only these queues, separated by commas")
    each = command("whatsapp-web", _whatsapp_web, "hold the link of a WhatsApp Web number (unofficial)")
    each.add_argument("--channel", metavar="UUID", help="the number, where there are several")
    each.add_argument("--desk", metavar="URL", help="where the desk is reached, unless at its own address")
    command("migrate", _migrate, "bring the database to this version")
    each = command("manage", _manage, "pass a command on to Django")
    each.add_argument("rest", nargs=argparse.REMAINDER)
    command("first-link", _first_link, "print a one-time link for the first administrator")
    each = command("demo", _demo, "make the demo company if it is not there, and show its sign-ins")
    each.add_argument("--reset", action="store_true", help="begin anew: everything on the demo desk is lost")
    each = command("backup", _backup, "save the database and all files in one archive")
    each.add_argument("file", metavar="FILE", help="the archive; in a folder it is named by the time")
    each.add_argument(
        "--with-keys", action="store_true", help="put the keys in, too: the archive is a secret"
    )
    each.add_argument("--keep", type=int, metavar="N", help="in a folder: remove all but the newest N")
    each = command("restore", _restore, "bring back what a backup holds, in place of what is there")
    each.add_argument("file", metavar="FILE")
    each.add_argument("--yes", action="store_true", help="replace the people and tickets that are there")
    each = _json(command("check", _check, "look whether everything is well"))
    each.add_argument(
        "--deploy", action="store_true", help="also whether this desk is fit to face the internet"
    )

    people = group("user", "people who can sign in")
    each = command("create", _user_create, "make a person; the address counts as verified", people)
    each.add_argument("email")
    each.add_argument("--name", required=True)
    each.add_argument("--role", required=True, choices=ROLES)
    each.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    _json(command("list", _user_list, "list the people", people))

    each = command("recover", _user_recover, "print a one-time link for somebody who is locked out", people)
    each.add_argument("email")

    tokens = group("token", "access for programs")
    each = command("create", _token_create, "make a token and print it", tokens)
    each.add_argument("email")
    each.add_argument("--name", required=True)
    each.add_argument("--read-only", action="store_true")

    mail = group("mail", "incoming mail")
    each = command("receive", _mail_receive, "take one raw message from standard input", mail)
    each.add_argument("--to", required=True, metavar="ADDRESS", help="the mailbox")
    each.add_argument("--from", dest="sender", default="", metavar="ENVELOPE", help="the envelope's sender")
    each.add_argument("--wait", action="store_true", help="also work on it, and print what became of it")

    channels = group("channel", "the ways customers reach us")
    each = command("add", _channel_add, "add a channel and print its uuid", channels)
    each.add_argument("kind", choices=["email", "webform", "whatsapp-cloud", "whatsapp-web"])
    each.add_argument("--name", required=True)
    each.add_argument("values", nargs="*", metavar="key=value")
    _json(command("list", _channel_list, "list the channels", channels))

    each = _json(command("inbox", _inbox, "what came in, and what became of it"))
    each.add_argument("--state")
    more = each.add_subparsers(metavar="COMMAND")
    each = command("replay", _inbox_replay, "work on quarantined messages again", more)
    each.add_argument("ids", nargs="+", type=int, metavar="ID")
    _json(command("totals", _inbox_totals, "how many, by what became of them", more))

    each = command("seed", _seed, "fill the database with made-up tickets for load tests")
    each.add_argument("--tickets", type=int, required=True)
    each.add_argument("--messages", type=int, default=4)
    each.add_argument("--seed", type=int, default=1)
    return parser


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)


def _json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


# The imports below stand inside because of start time: each command loads only its own.


def _up(given: argparse.Namespace) -> int:
    from deskbell.cli import up

    return up.run(given.host, given.port, demo=given.demo, qr=given.qr)


def _web(given: argparse.Namespace) -> int:
    from deskbell.cli import database, web

    database.choose()
    return web.serve(given.host, given.port)


def _worker(given: argparse.Namespace) -> int:
    from deskbell.cli import worker

    return worker.run(given.queues.split(",") if given.queues else None)


def _whatsapp_web(given: argparse.Namespace) -> None:
    from deskbell.cli import whatsapp_web

    whatsapp_web.run(given.channel, given.desk)


def _migrate(given: argparse.Namespace) -> None:
    from deskbell.cli import migrate

    migrate.run()


def _manage(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.manage(given.rest)


def _demo(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.demo(reset=given.reset)


def _first_link(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.first_link()


def _backup(given: argparse.Namespace) -> int:
    from deskbell.cli import backup

    return backup.run(Path(given.file).absolute(), with_keys=given.with_keys, keep=given.keep)


def _restore(given: argparse.Namespace) -> int:
    from deskbell.cli import restore

    return restore.run(Path(given.file).absolute(), yes=given.yes)


def _check(given: argparse.Namespace) -> int:
    from deskbell.cli import desk

    return desk.check(as_json=given.json, deploy=given.deploy)


def _user_create(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    password = sys.stdin.readline().rstrip("\r\n") if given.password_stdin else None
    desk.create_user(given.email, name=given.name, role=given.role, password=password)


def _user_list(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.list_users(as_json=given.json)


def _user_recover(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.recover(given.email)


def _token_create(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.create_token(given.email, name=given.name, read_only=given.read_only)


def _mail_receive(given: argparse.Namespace) -> int:
    from deskbell.cli import mail

    return mail.receive(given.to, given.sender, wait=given.wait)


def _channel_add(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.add_channel(given.kind, name=given.name, values=given.values)


def _channel_list(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.list_channels(as_json=given.json)


def _inbox(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.inbox(given.state, as_json=given.json)


def _inbox_replay(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.replay(given.ids)


def _inbox_totals(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.totals(as_json=given.json)


def _seed(given: argparse.Namespace) -> None:
    from deskbell.cli import desk

    desk.seed(given.tickets, given.messages, given.seed)
