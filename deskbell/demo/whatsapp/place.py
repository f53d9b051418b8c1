"""Where the demo's WhatsApp keeps its things, below the data folder, and where it is reached.

Read by the parent of `deskbell up`, which has no Django in it.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

#: until a port was found: nobody listens there
NOWHERE = "http://127.0.0.1:9"


def folder(data: Path) -> Path:
    return data / "whatsapp"


def listen(data: Path) -> socket.socket:
    """A socket on 127.0.0.1, on the port of the last time where that is still free; notes where.

    The parent keeps it: what is asked while the child is away waits until the next one answers.
    """
    folder(data).mkdir(mode=0o700, exist_ok=True)
    for port in (int(address(data).rpartition(":")[2]), 0):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listening.bind(("127.0.0.1", 0 if port == int(NOWHERE.rpartition(":")[2]) else port))
            break
        listening.close()
    listening.listen(128)
    write(folder(data) / "address", f"http://127.0.0.1:{listening.getsockname()[1]}".encode())
    return listening


def address(data: Path) -> str:
    """Where it is reached, or was the last time."""
    return read(folder(data) / "address") or NOWHERE


def webhook(data: Path) -> str:
    """The path at the desk to which customers' messages are posted; empty before the demo is made."""
    return read(folder(data) / "webhook")


def note_webhook(data: Path, path: str) -> None:
    folder(data).mkdir(mode=0o700, exist_ok=True)
    write(folder(data) / "webhook", path.encode())


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def write(path: Path, content: bytes) -> None:
    """The whole of it or nothing, whenever we are killed."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)
