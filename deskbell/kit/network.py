"""What networks do wrong, in words for people."""

from __future__ import annotations

import socket
import ssl

from django.utils.translation import gettext as _


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
