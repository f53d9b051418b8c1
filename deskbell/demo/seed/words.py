"""Made-up words: subjects and paragraphs as IT support hears and writes them, without marks or quotes."""

from __future__ import annotations

from random import Random

DEVICES = (
    "printer",
    "laptop",
    "docking station",
    "scanner",
    "monitor",
    "phone",
    "tablet",
    "server",
    "camera",
)
PROGRAMS = ("mail", "calendar", "booking system", "accounting program", "file share", "browser", "VPN client")
PLACES = ("reception", "warehouse", "meeting room", "ground floor", "second floor", "workshop", "home office")
FAULTS = (
    "does not start",
    "is very slow",
    "loses the connection",
    "shows an error",
    "asks for a password again and again",
    "stopped working after the update",
    "makes a strange noise",
    "is offline",
)
WISHES = ("New {device} for a colleague", "Access to the {program}", "Move the {device} to the {place}")
ASKED = (
    "Since this morning the {device} in the {place} {fault}.",
    "We have switched it off and on, nothing changed.",
    "The {program} {fault} as soon as somebody else is signed in.",
    "Yesterday everything was fine.",
    "It is urgent for us because we close the month tomorrow.",
    "Two colleagues have the same problem.",
    "The sticker says {tag}.",
    "Could somebody have a look this afternoon?",
    "I can be reached until four.",
)
ANSWERED = (
    "Thank you for the description, that helps.",
    "We have looked at the {device} from here and restarted the service behind it.",
    "Please sign out and in once, then try the {program} again.",
    "The cause was a setting that the last update had changed.",
    "Our engineer comes by tomorrow between nine and eleven.",
    "Could you tell us the number on the sticker of the {device}?",
    "We have ordered a spare part, it takes about three days.",
    "Please write again if it comes back.",
    "I will keep an eye on it this week.",
)
NOTED = (
    "Same as last month in the {place}, see the older ticket.",
    "Log shows timeouts of the {program}, nothing on the switch.",
    "Spare {device} is in the store, second shelf.",
    "Asked the supplier, their case is {tag}.",
)
TAGS = (
    "printer", "network", "vpn", "mail", "onboarding", "backup", "licence", "hardware", "update", "security",
    "wifi", "phone", "warranty", "vip", "recurring",
)  # fmt: skip


def subject(random: Random) -> str:
    if random.random() < 0.2:
        return _filled(random.choice(WISHES), random)
    return _filled("The {device} in the {place} {fault}", random)


def paragraphs(kind: str, random: Random) -> str:
    """Two paragraphs of `kind` asked, answered or noted (one then)."""
    sentences = {"asked": ASKED, "answered": ANSWERED, "noted": NOTED}[kind]
    chosen = random.sample(sentences, 2 if kind == "noted" else 4)
    if kind == "noted":
        return _filled(" ".join(chosen), random)
    return _filled(f"{chosen[0]} {chosen[1]}\n\n{chosen[2]} {chosen[3]}", random)


def html(text: str) -> str:
    """What `kit.markdown.to_html` makes of these paragraphs, without its cost."""
    return "".join(f"<p>{paragraph}</p>\n" for paragraph in text.split("\n\n"))


def _filled(template: str, random: Random) -> str:
    return template.format(
        device=random.choice(DEVICES),
        program=random.choice(PROGRAMS),
        place=random.choice(PLACES),
        fault=random.choice(FAULTS),
        tag=f"{random.choice('QXZ')}{random.randrange(10**6):06d}",
    )
