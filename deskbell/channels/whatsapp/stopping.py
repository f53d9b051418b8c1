"""Words by which a customer says that he wants no more templates, or wants them again."""

from __future__ import annotations

import re

from deskbell.channels.whatsapp.incoming import Incoming

_STOP = """
    stop stopp stoppen abmelden unsubscribe baja parar pare cancelar arret arrêt arrêter désabonner fermati
    annulla afmelden wypisz إيقاف توقف
"""
_START = """
    start starten anmelden subscribe unstop alta iniciar começar démarrer inizia aanmelden zapisz ابدأ
"""
STOP, START = frozenset(_STOP.split()), frozenset(_START.split())
#: id of the button below our confirmation
AGAIN = "consent:start"
_EDGES = re.compile(r"^\W+|\W+$")


def wish_of(incoming: Incoming) -> str:
    """`stop`, `start`, or nothing: the whole text has to be such a word."""
    if incoming.choice:
        return "start" if incoming.choice == AGAIN else ""
    word = _EDGES.sub("", incoming.text).casefold() if incoming.type == "text" else ""
    return "stop" if word in STOP else "start" if word in START else ""
