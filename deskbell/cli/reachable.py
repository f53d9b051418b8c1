"""How others in the same network reach a desk that listens on all addresses: in words, and as a QR code."""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
import sys

ALL = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
#: an address for documentation (RFC 5737): nothing is sent there, the system only chooses a way to it
SOMEWHERE = ("192.0.2.1", 9)


def told(host: str, port: int, base_url: str, *, qr: bool) -> list[str]:
    """What `deskbell up` says of other machines: their addresses, and a code that opens the engineers' page.

    The code is shown where it is of use: with `qr`, or on a terminal when others reach this desk.
    """
    everywhere = host in ALL
    lines = [f"  on other machines: http://{each}:{port}/" for each in addresses()] if everywhere else []
    if qr or (everywhere and sys.stdout.isatty()):
        page = f"{base_url}/field/"
        code = qr_code(page)
        if qr or shutil.get_terminal_size().columns >= len(code.partition("\n")[0]):
            lines += [f"On a phone: {page}", code]
    return lines


def addresses() -> list[str]:
    """IPv4 addresses of this machine in its networks, the one towards other networks first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        with contextlib.suppress(OSError):  # there is no way out of this machine
            trial.connect(SOMEWHERE)
            found.append(trial.getsockname()[0])
    with contextlib.suppress(OSError):  # its own name is unknown to it
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    return [each for each in dict.fromkeys(found) if not each.startswith(("127.", "0."))]


def names() -> list[str]:
    """What may stand in the address line of a browser that reaches this machine."""
    return [*addresses(), socket.gethostname()]


def qr_code(text: str) -> str:
    """`text` as a QR code of half blocks, for a dark terminal."""
    import segno  # needed by this alone

    out = io.StringIO()
    segno.make(text, micro=False, error="l").terminal(out=out, compact=True, border=2)
    return out.getvalue().rstrip("\n")
