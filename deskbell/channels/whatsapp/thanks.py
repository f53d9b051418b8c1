"""Messages that only say thank you: they do not open again what is done."""

from __future__ import annotations

import re

#: characters; a longer text says more than that
LONGEST = 24
_SAID = """
    thanks thank you thx ty great super perfect cool ok okay fine cheers appreciated very much so many lovely
    danke dank vielen schön dankeschön prima klasse perfekt passt gut top merci
    gracias muchas perfecto genial vale
    obrigado obrigada muito valeu perfeito
    bien beaucoup parfait
    grazie mille perfetto
    bedankt dankjewel
    dziękuję dzięki
"""
WORDS = frozenset(_SAID.split())
_WORD = re.compile(r"[^\W\d_]+")


def is_thanks(text: str) -> bool:
    """Whether `text` is a thank-you or a few signs of joy, and nothing else."""
    text = text.strip().casefold()
    if not text or len(text) > LONGEST or "?" in text or any(sign.isdigit() for sign in text):
        return False
    return all(word in WORDS for word in _WORD.findall(text))
