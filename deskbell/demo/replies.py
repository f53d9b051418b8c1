"""What the demo's staff have kept for daily use: signatures, and saved replies of one, of a team, of all."""

from __future__ import annotations

from dataclasses import dataclass

from deskbell.people import actions as people
from deskbell.people.models import Team, User
from deskbell.tickets import actions

HELLO = "Hello {{customer.first_name}},\n\n"
#: slug of a person → signature
SIGNATURES = {
    "agent": "**Jonas Achterberg**\nService desk · weekdays 07:30 to 17:00 · +44 1632 960100",
    "network_agent": "**Aylin Moreau**\nNetwork and remote access",
    "engineer": "Kofi Brandt, field service",
    "office_agent": "**Hester Quaye**\nOffice and billing",
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Personal to `who` unless it is a `team`'s or `everyone`'s; `used` is how often it was inserted."""

    who: str
    name: str
    text: str
    then: str = ""
    team: str = ""
    everyone: bool = False
    used: int = 0


REPLIES = (
    Reply(
        who="admin",
        name="We are on it",
        text=HELLO + "thank you for writing. We look at {{ticket.number}} now and tell you "
        "more within the hour.",
        everyone=True,
        used=5,
    ),
    Reply(
        who="admin",
        name="Does it work now?",
        text=HELLO + "this should be mended. Please try it once more and tell us whether it works for you.",
        then="pending",
        everyone=True,
        used=4,
    ),
    Reply(
        who="admin",
        name="Glad it works",
        text=HELLO + "glad to hear it. We close this ticket; if it comes back, just answer this mail.",
        then="resolved",
        everyone=True,
        used=3,
    ),
    Reply(
        who="admin",
        name="Never send passwords",
        text=HELLO + "please never send passwords, neither by mail nor here. Nobody at "
        "{{company.name}} will ever ask for one. Change it now, we will help.",
        everyone=True,
    ),
    Reply(
        who="agent",
        name="Restart and a picture",
        text=HELLO + "two things that help us most:\n\n1. restart the computer and try once "
        "more\n2. send a picture of what the screen shows then",
        then="pending",
        team="Service desk",
        used=3,
    ),
    Reply(
        who="network_agent",
        name="Log of the VPN client",
        text=HELLO + "please send us the log of the VPN client: **Settings → Diagnostics → "
        "Save log**. When did it last drop?",
        then="pending",
        team="Network",
        used=2,
    ),
    Reply(
        who="engineer",
        name="On my way",
        text=HELLO + "I am on my way to you and ring when I am at the gate.",
        team="Field service",
        used=2,
    ),
    Reply(
        who="office_agent",
        name="Corrected invoice",
        text=HELLO + "you are right, and I am sorry. A corrected invoice comes to you today; "
        "please put the old one aside.",
        then="resolved",
        team="Office",
        used=1,
    ),
    Reply(
        who="agent",
        name="Call me back",
        text=HELLO + "I could not reach you by phone. When does a call suit you? I am here until five.",
        then="pending",
        used=2,
    ),
)


def keep(cast: dict[str, User]) -> None:
    """Write all of it down as those it belongs to; `cast` has the staff by their slugs."""
    teams = {team.name: team for team in Team.objects.all()}
    for slug, signature in SIGNATURES.items():
        people.change_person(cast[slug], by=cast[slug], signature=signature)
    for reply in REPLIES:
        kept = actions.add_saved_reply(
            by=cast[reply.who],
            name=reply.name,
            text=reply.text,
            then=reply.then,
            personal=not (reply.team or reply.everyone),
            team=teams.get(reply.team),
        )
        for _ in range(reply.used):
            actions.count_use(kept)
