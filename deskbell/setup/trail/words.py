"""Every kind of event that has words, and how they are made of it."""

from __future__ import annotations

from typing import Any

from deskbell.setup.trail import of_channels, of_desk, of_people

WORDS: dict[str, Any] = {**of_people.WORDS, **of_channels.WORDS, **of_desk.WORDS}
