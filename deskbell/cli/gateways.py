"""The WhatsApp Web gateways under `deskbell up`: one process for each number switched on, and none else."""

from __future__ import annotations

import time
from collections.abc import Callable

from deskbell.cli import children, database
from deskbell.cli.children import Child
from deskbell.cli.refusal import Refusal
from deskbell.cli.whatsapp_web import switched_on

#: seconds after which somebody's switch is followed
EVERY = 3.0


class Gateways:
    """`pipe` is their lifeline, `desk` where they reach the web process."""

    def __init__(self, pipe: int, desk: str) -> None:
        self.pipe, self.desk = pipe, desk
        self._children: dict[str, Child] = {}
        self._due = 0.0

    def running(self) -> list[Child]:
        return list(self._children.values())

    def look(self, address: str, say: Callable[[str], None]) -> None:
        """Start and end what was switched on and off since the last look."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY
        try:
            wanted = {uuid: name for uuid, name, _port, _secret in database.ask(address, switched_on)}
        except Refusal:
            return  # the database is away: nothing was switched meanwhile
        for uuid in wanted.keys() - self._children.keys():
            child = Child("whatsapp-web", ["whatsapp-web", "--channel", uuid, "--desk", self.desk], self.pipe)
            self._children[uuid] = child
            child.start()
            say(f"The WhatsApp Web gateway of “{wanted[uuid]}” was started.")
        ended = [self._children.pop(uuid) for uuid in self._children.keys() - wanted.keys()]
        children.stop(ended)
