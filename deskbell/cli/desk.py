"""The commands that ask Django: each sets it up, calls one function of an area and prints the answer.

Imports of areas stand inside the functions, because they need Django to be ready.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from deskbell.cli import database, embedded
from deskbell.cli.refusal import Refusal
from deskbell.kit.paths import data_dir


def manage(arguments: list[str]) -> None:
    """`deskbell manage …`: Django's own commands. Some need no database, so none is demanded here."""
    if database.given() is None and (address := embedded.url(data_dir())):
        os.environ["DATABASE_URL"] = address
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deskbell.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["deskbell manage", *arguments])


def demo(*, reset: bool = False) -> None:
    """Make the demo company where there is none yet, and print who may sign in. `reset` begins anew."""
    os.environ["DESKBELL_DEMO"] = "1"
    database.set_up()
    from deskbell.demo import resetting, world

    with database.plain_words():
        if reset:
            try:
                resetting.reset()
            except resetting.NotADemo:
                raise Refusal("This is not a demo: nothing was changed.") from None
        people = world.ensure()
    width = max((len(person["email"]) for person in people), default=0)
    for person in people:
        print(f"  {person['email']:<{width}}  {person['password']}  {person.get('role', '')}".rstrip())


def first_link() -> None:
    """Print the link alone; a later one puts it out of use. Raises Refusal once there is an administrator."""
    database.set_up()
    from django.conf import settings
    from django.urls import reverse

    from deskbell.people import actions

    with database.plain_words():
        token = actions.make_first_link()
    if token is None:
        raise Refusal("Somebody can set this desk up already. Ask for an invitation.")
    print(settings.BASE_URL + reverse("account_first", args=[token]))


def check(*, as_json: bool, deploy: bool = False) -> int:
    """`deskbell check`. With `deploy` also: is it fit for the internet? Returns 1 if something is wrong."""
    database.set_up()
    from django.utils.translation import override

    from deskbell.config import health

    looks: tuple[Callable[[], health.Finding], ...] = health.ALL
    if deploy:
        from deskbell.config.deploy import DEPLOY

        looks = (*(look for look in looks if look is not health.backup_finding), *DEPLOY)
    with override(None):  # this command speaks English, as the others do
        found = list(health.findings(looks))
    if as_json:
        print(json.dumps([each.as_dict() for each in found], indent=2))
    for each in [] if as_json else found:
        print(
            f"{'ok   ' if each.ok else 'wrong'}  {each.name}: {each.text}"
            + (f"  {each.do}" if each.do else "")
        )
    return 0 if all(each.ok for each in found) else 1


def create_user(email: str, *, name: str, role: str, password: str | None) -> None:
    database.set_up()
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from deskbell.people import actions
    from deskbell.people.addresses import BadAddress

    try:
        if password is not None:
            validate_password(password)
        with database.plain_words():
            user = actions.create_user(email, name=name, role=role, password=password)
    except ValidationError as error:
        raise Refusal(" ".join(error.messages)) from None
    except BadAddress as error:
        raise Refusal(f"{error}.") from None
    except actions.AddressTaken:
        raise Refusal(f"Somebody with a password has the address {email} already.") from None
    print(f"{user.email} ({role})")
    if password is None:
        print(
            "No password was set: sign in with a code sent by mail, or use --password-stdin.", file=sys.stderr
        )


def list_users(*, as_json: bool) -> None:
    database.set_up()
    from deskbell.people.models import Grant, User

    with database.plain_words():
        roles: dict[int, list[str]] = {}
        for user_id, slug in Grant.objects.order_by("role__slug").values_list("user_id", "role__slug"):
            roles.setdefault(user_id, []).append(slug)
        rows = [
            {"id": user.pk, "email": user.email, "name": user.name, "roles": roles.get(user.pk, [])}
            for user in User.objects.filter(merged_into=None).order_by("pk").iterator()
        ]
    _show(rows, as_json, lambda row: f"{row['email'] or '-'}\t{row['name']}\t{', '.join(row['roles'])}")


def recover(email: str) -> None:
    """Print the link alone. Raises Refusal."""
    database.set_up()
    from django.conf import settings
    from django.urls import reverse

    from deskbell.people import actions
    from deskbell.people.addresses import BadAddress, email_key
    from deskbell.people.models import User

    with database.plain_words():
        try:
            user = User.objects.filter(identities__kind="email", identities__key=email_key(email)).first()
        except BadAddress as error:
            raise Refusal(f"{error}.") from None
        if user is None:
            raise Refusal(f"Nobody has the address {email}.")
        if not user.is_active:
            raise Refusal(f"The account of {email} is closed. Somebody who runs the desk can open it again.")
        token = actions.make_recovery_link(user)
    print(settings.BASE_URL + reverse("account_recovery", args=[token]))
    print("It works once, within an hour: for a new password, and without a second factor.", file=sys.stderr)


def create_token(email: str, *, name: str, read_only: bool) -> None:
    """Print the token alone: it is shown once."""
    database.set_up()
    from deskbell.people import actions
    from deskbell.people.addresses import email_key
    from deskbell.people.models import User

    with database.plain_words():
        user = User.objects.filter(email=email_key(email)).first()
        if user is None:
            raise Refusal(f"Nobody has the address {email}. Make the person first: deskbell user create.")
        print(actions.create_token(user, name=name, read_only=read_only))


def add_channel(kind: str, *, name: str, values: list[str]) -> None:
    database.set_up()
    from django.conf import settings  # Django is ready by now
    from django.urls import reverse

    from deskbell.channels import actions
    from deskbell.channels.actions import whatsapp, whatsapp_web
    from deskbell.channels.models import Channel, MailboxSignIn

    pairs: dict[str, Any] = dict(value.partition("=")[::2] for value in values)
    if bad := [value for value in values if "=" not in value]:
        raise Refusal(f"Write settings as key=value, not {bad[0]}.")
    if kind == "email" and "address" not in pairs:
        raise Refusal("An e-mail channel needs its address: address=support@example.com")
    try:
        with database.plain_words():
            if kind == Channel.Kind.WHATSAPP_CLOUD:
                channel = whatsapp.add_from_words(name, pairs)
            elif kind == Channel.Kind.WHATSAPP_WEB:
                channel = whatsapp_web.add_from_words(name, pairs)
            else:
                channel = actions.add_channel(kind, name=name, **pairs)
            print(channel.uuid)
            if kind == Channel.Kind.WHATSAPP_WEB:
                page = settings.BASE_URL + reverse("setup:whatsapp_web", args=[channel.pk])
                print(
                    f"It is off until somebody accepts the risk and links the phone: {page}", file=sys.stderr
                )
            if kind == Channel.Kind.WHATSAPP_CLOUD:
                there = settings.BASE_URL + reverse("whatsapp_webhook", args=[channel.uuid])
                page = settings.BASE_URL + reverse("setup:whatsapp_number", args=[channel.pk])
                print(f"Callback URL for Meta: {there}\nThe verify token stands on {page}", file=sys.stderr)
            if MailboxSignIn.objects.filter(channel=channel, needed_since__isnull=False).exists():
                where = f"{settings.BASE_URL}{reverse('setup:mailbox_sign_in', args=[channel.pk])}"
                print(f"Somebody has to sign in for it: {where}", file=sys.stderr)
    except actions.BadChannel as error:
        raise Refusal(f"{error}.") from None


def list_channels(*, as_json: bool) -> None:
    database.set_up()
    from deskbell.channels.models import Channel

    with database.plain_words():
        names = ("uuid", "kind", "name", "address", "state")
        rows = [dict(row) for row in Channel.objects.order_by("pk").values(*names)]
    _show(rows, as_json, lambda row: "\t".join(str(value) for value in row.values()))


def inbox(state: str | None, *, as_json: bool) -> None:
    database.set_up()
    from deskbell.channels import queries

    with database.plain_words():
        rows = queries.inbox(state)
    _show(
        rows, as_json, lambda row: f"{row['id']}\t{row['state']}\t{row['reason']}\t{row['from']}\t{row['to']}"
    )


def replay(ids: list[int]) -> None:
    """Put quarantined items back to work; one that is not quarantined is named and left."""
    database.set_up()
    from deskbell.channels import actions
    from deskbell.channels.models import InboundItem

    wrong = []
    with database.plain_words():
        for item in ids:
            try:
                actions.replay(item)
            except InboundItem.DoesNotExist:
                wrong.append(f"there is no item {item}")
            except actions.NotQuarantined as error:
                wrong.append(f"item {item} is not quarantined but {error}")
            else:
                print(f"inbound {item}")
    if wrong:
        raise Refusal("; ".join(wrong).capitalize() + ".")


def totals(*, as_json: bool) -> None:
    database.set_up()
    from deskbell.channels import queries

    with database.plain_words():
        counts = queries.totals()
    if as_json:
        print(json.dumps(counts))
        return
    for name, count in counts.items():
        print(f"{name}\t{count}")


def seed(tickets: int, messages: int, number: int) -> None:
    # the made-up data lives with the demo, which is an application only when it is asked for
    os.environ["DESKBELL_DEMO"] = "1"
    database.set_up()
    from deskbell.demo import seed as made_up

    with database.plain_words():
        made_up.run(tickets, messages, number)


def _show(rows: list[dict[str, Any]], as_json: bool, line: Any) -> None:
    if as_json:
        print(json.dumps(rows, default=_plain))
        return
    for row in rows:
        print(line(row))


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
