"""Encrypt what must not be readable in a copy of the database."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet

from deskbell.kit.keys import key


@lru_cache(maxsize=1)
def _fernet() -> MultiFernet:
    """The first line of the key encrypts; older generations below it still decrypt."""
    generations = [line for line in key("stored").split() if line]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(line.encode()).digest())) for line in generations]
    )


def seal(value: Any) -> bytes:
    """Encrypt a JSON-like value."""
    return _fernet().encrypt(json.dumps(value).encode())


def unseal(token: bytes) -> Any:
    """Decrypt what `seal` made. Raises cryptography.fernet.InvalidToken for anything else."""
    return json.loads(_fernet().decrypt(bytes(token)))
