"""What a file is, judged by its first bytes."""

from __future__ import annotations

import puremagic

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)


def content_type(head: bytes) -> str:
    """The MIME type of content that begins with `head` (a few KB). Markup counts as plain text."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if _is_text(head):
        return "text/plain"
    try:
        kind = puremagic.from_string(head, mime=True)
    except (puremagic.PureError, ValueError, IndexError):
        return "application/octet-stream"
    return _tame(kind)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 4 and error.reason == "unexpected end of data"
    return True


def _tame(kind: str) -> str:
    """Types a browser might run are only bytes to us."""
    if not kind or "html" in kind or "xml" in kind or "script" in kind or "svg" in kind:
        return "application/octet-stream"
    return kind
