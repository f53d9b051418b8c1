"""Whom the desk trusts on the network, and what goes wrong there, in words for people."""

from __future__ import annotations

import functools
import os
import socket
import ssl
import time

from django.utils.translation import gettext as _

#: seconds for which the system's authorities are kept: reading them takes a core 20 ms
KEPT = 3600


def trusted(speaks: str) -> ssl.SSLContext:
    """For connections to servers with a certificate of an authority that the system trusts.

    Shared by all that speak the same: a library may write into it what it speaks (httpcore does, and a mail
    server to which HTTP is offered may hang up).
    """
    files = tuple(os.environ.get(name, "") for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    return _trusted(speaks, files, time.monotonic() // KEPT)


@functools.lru_cache(maxsize=8)
def _trusted(_speaks: str, _files: tuple[str, ...], _hour: float) -> ssl.SSLContext:
    return ssl.create_default_context()


def told(error: OSError, host: str) -> str:
    """What happened on the way to `host`."""
    match error:
        case socket.gaierror():
            return _("There is no server called %(host)s.") % {"host": host}
        case TimeoutError():
            return _("%(host)s does not answer.") % {"host": host}
        case ConnectionRefusedError():
            return _("%(host)s refuses the connection. Is the port right?") % {"host": host}
        case ssl.SSLCertVerificationError():
            text = _("The certificate of %(host)s is not valid: %(reason)s")
            return text % {"host": host, "reason": error.verify_message}
        case ssl.SSLError():
            text = _("%(host)s cannot be spoken to in this encryption: %(reason)s")
            return text % {"host": host, "reason": error.reason or error}
    return str(error).strip()[:400] or type(error).__name__
