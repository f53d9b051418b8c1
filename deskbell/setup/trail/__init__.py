"""The audit trail in words: every event, who did it, and what it was about."""

from deskbell.setup.trail.areas import AREAS
from deskbell.setup.trail.rows import TIMEOUT, events_visible_to, known_kinds, narrowed
from deskbell.setup.trail.telling import Line, lines
from deskbell.setup.trail.words import WORDS

__all__ = ["AREAS", "TIMEOUT", "WORDS", "Line", "events_visible_to", "known_kinds", "lines", "narrowed"]
