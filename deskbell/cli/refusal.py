"""The one way a command ends badly: a sentence for the person at the terminal, and an exit code."""

from __future__ import annotations


class Refusal(Exception):
    """A command cannot do what was asked. `str()` is the sentence shown; `code` the exit status."""

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
