"""What a driver may say about one try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The other side took it; `external_id` replaces ours when it gave one."""

    external_id: str = ""


@dataclass(frozen=True)
class Retry:
    """Not now. `after` is in seconds; none means the usual back-off."""

    code: str
    text: str
    after: int | None = None


@dataclass(frozen=True)
class Final:
    """Never: trying again would give the same answer. `again`: a person may still send it by hand."""

    code: str
    text: str
    again: bool = True


@dataclass(frozen=True)
class Unknown:
    """The answer was lost: it may have gone out, so it is not sent again by itself."""

    code: str
    text: str


Result = Accepted | Retry | Final | Unknown
