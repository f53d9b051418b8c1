"""The process of the demo's WhatsApp, under `deskbell up --demo`."""

from __future__ import annotations

import argparse
import socket
import threading
from pathlib import Path

from deskbell.demo.whatsapp import place
from deskbell.demo.whatsapp.phones import Phones, PhonesHandler
from deskbell.demo.whatsapp.server import server_of
from deskbell.kit import lifeline


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="a socket that listens already")
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--desk", required=True, help="where the desk is reached from here")
    parser.add_argument("--host", required=True, help="the desk's own name")
    given = parser.parse_args()
    lifeline.end_with_parent()
    phones = Phones(place.folder(given.data))
    phones.host = given.host

    def post(body: bytes) -> int:
        path = place.webhook(given.data)
        if not path:  # the demo is being made
            return 0
        phones.webhook = given.desk + path
        return phones.post_bytes(body)

    phones.catch_up()
    threading.Thread(target=phones.carry, args=(post,), daemon=True).start()
    server_of(phones, socket.socket(fileno=given.socket), handler=PhonesHandler).serve_forever()


if __name__ == "__main__":
    main()
