"""The demo's tickets: what an IT service company hears in two weeks. Also the core of the tests' world."""

from __future__ import annotations

from datetime import timedelta

from deskbell.demo import pictures
from deskbell.demo.telling import (
    DAY,
    HOUR,
    MINUTE,
    File,
    Story,
    assigns,
    claims,
    closes,
    follows,
    links,
    marks_spam,
    notes,
    reads,
    reopens,
    replies,
    resolves,
    says,
    sets,
    trashes,
)


def _screen(name: str, title: str, *lines: str) -> File:
    return File(name, lambda moment: pictures.screen(title, list(lines)))


STORIES = (
    Story(
        slug="vpn",
        ago=6 * HOUR,
        who="customer",
        subject="VPN drops every ten minutes since yesterday's update",
        text=(
            "Good morning,\n\nsince the update yesterday evening my VPN connection drops about "
            "every ten minutes. "
            "It comes back by itself after a few seconds, but the freight program throws me out "
            "each time and I "
            "have to start the booking again.\n\nWired or Wi-Fi makes no difference."
        ),
        queue="network",
        priority=3,
        tags=("vpn", "update"),
        due=3 * HOUR,
        copy=("customer_manager",),
        steps=(
            sets(5.8 * HOUR, "supervisor", team="Service desk"),
            claims(5.5 * HOUR, "agent"),
            replies(
                5.4 * HOUR,
                "agent",
                "Hello Samir,\n\nthank you, that is a clear description. Ten minutes sounds like "
                "the two sides no "
                "longer agree when to renew the keys.\n\nCould you send me the log of the client? "
                "**Settings → Diagnostics → Save log**. Until then, this may help you through the day:\n\n"
                "1. Disconnect\n2. In *Settings → Advanced*, switch *Automatic rekey* off\n3. Connect again",
                status="waiting-for-customer",
            ),
            notes(
                5.3 * HOUR,
                "agent",
                "The firewall got 7.4.2 last night. Release notes mention a new default for `rekey_margin`. "
                "If it is that, all of Quayside will see it, not only Samir.",
            ),
            reads(5 * HOUR, "supervisor"),
            says(
                2.1 * HOUR,
                "customer",
                "Switching the rekey off made it better, it now holds for about half an hour. "
                "Log is attached. "
                "Lena in the warehouse has the same problem, by the way.",
                File("vpn-client.log", pictures.vpn_log),
            ),
            follows(1.5 * HOUR, "supervisor"),
        ),
    ),
    Story(
        slug="certificate",
        ago=12 * MINUTE,
        who="noor",
        subject="Browser warns our patients about the booking page",
        text=(
            'Hello,\n\nwhen patients open our booking page they see "Your connection is not private". '
            "It worked this morning. Two people have phoned already because they did not dare to go on.\n\n"
            "Please hurry, bookings for tomorrow close at six.\n\nNoor Feldt\nMilltown Dental"
        ),
        source="mail",
        priority=4,
        files=(
            _screen(
                "warning.png",
                "Your connection is not private",
                "booking.milltown-dental.example",
                "The certificate ended today at 12:00.",
                "NET::ERR_CERT_DATE_INVALID",
            ),
        ),
    ),
    Story(
        slug="printer",
        ago=47 * MINUTE,
        who="gwen",
        subject="Label printer at reception feeds blank labels",
        text=(
            "Hi, since we changed the roll this morning the label printer at reception only "
            "feeds blank labels. "
            "The light is green. I have turned it off and on.\n\nGwen, reception"
        ),
        source="mail",
        queue="hardware",
        tags=("printer",),
    ),
    Story(
        slug="backup",
        ago=2.2 * DAY,
        who="ivo",
        subject="Nightly backup failed two nights in a row",
        text=(
            "The backup report says FAILED again. That is the second night. We hand in the "
            "hospital drawings on "
            "Friday and I would sleep better with a backup.\n\nIvo"
        ),
        source="mail",
        priority=4,
        tags=("backup", "storage"),
        due=-3 * HOUR,
        files=(File("backup-report.txt", pictures.backup_log),),
        steps=(
            claims(2.1 * DAY, "agent"),
            notes(
                2.05 * DAY,
                "agent",
                "Disk *rotation-b* is full: the old weekly sets were never thinned out, `keep = 12` was set "
                "per source instead of for the whole job.",
            ),
            replies(
                2 * DAY,
                "agent",
                "Hello Ivo,\n\nthe backup disk was full. I removed the oldest weekly sets and "
                "started the job by "
                "hand; it is at 40 % and should be through by tonight. I will look at it again "
                "tomorrow morning.",
            ),
            resolves(1.2 * DAY, "agent"),
            says(
                20 * HOUR,
                "ivo",
                "Sorry, but this night's report says FAILED once more, the same line at the end.",
            ),
            sets(19 * HOUR, "supervisor", tags=("backup", "storage", "escalated")),
            notes(
                19 * HOUR,
                "supervisor",
                "Jonas, please take a new disk with you rather than thinning out again. They "
                "hand in on Friday.",
            ),
        ),
    ),
    Story(
        slug="wifi",
        ago=3 * DAY,
        who="colette",
        subject="No Wi-Fi in the music room",
        text=(
            "Dear all,\n\nthere is no Wi-Fi in the music room since the holidays. The tablets "
            "find the network in "
            "the corridor but lose it as soon as the door is closed. We need it for the concert "
            "rehearsals from "
            "Monday on."
        ),
        queue="network",
        type="incident",
        tags=("wifi", "school"),
        due=DAY,
        steps=(
            assigns(2.9 * DAY, "supervisor", "network_agent"),
            replies(
                2.8 * DAY,
                "network_agent",
                "Hello Colette,\n\nwe see the access point of the music room is offline since 2 "
                "p.m. on the last "
                "day of term. Could somebody look whether its light is on? It hangs above the piano.",
                status="waiting-for-customer",
            ),
            says(
                2 * DAY,
                "colette",
                "No light at all. The caretaker says the socket up there has power.",
                _screen(
                    "controller.png",
                    "Access points",
                    "music-room    offline",
                    "corridor-2   11 clients",
                    "hall               4 clients",
                ),
            ),
            notes(
                1.9 * DAY,
                "network_agent",
                "Probably the injector, it is the old type. Kofi can swap it on the way to Milltown. "
                "Visits only after 15:30!",
            ),
            assigns(1.9 * DAY, "supervisor", "engineer"),
            sets(1.8 * DAY, "supervisor", status="visit-planned"),
            replies(
                1.8 * DAY,
                "network_agent",
                "Thank you, that tells us it is the power supply. Our engineer Kofi Brandt comes "
                "by tomorrow at "
                "15:45 and brings a new one. It takes about half an hour.",
            ),
        ),
    ),
    Story(
        slug="scanners",
        ago=9 * HOUR,
        who="lena",
        subject="Handheld scanners lose the connection in aisle 14",
        text=(
            'Four of our scanners say "no server" as soon as we go into aisle 14. We write the '
            "pallets down on "
            "paper for now. Late shift starts at two, it would be good to have it by then."
        ),
        queue="hardware",
        priority=3,
        source="phone",
        taken_by="agent",
        tags=("scanner", "warehouse"),
        due=4 * HOUR,
        copy=("customer_manager",),
        steps=(
            assigns(8.5 * HOUR, "supervisor", "engineer"),
            replies(
                8 * HOUR,
                "engineer",
                "I am at Dock Road anyway this morning and will have a look. Please leave one of "
                "the scanners at "
                "gate 7 for me.",
            ),
            sets(5 * HOUR, "engineer", status="on-site"),
            notes(
                4.5 * HOUR,
                "engineer",
                "Access point 6 is fine. Somebody has put a steel cage in front of it; signal "
                "behind is −86 dBm.",
            ),
            says(
                70 * MINUTE,
                "customer_manager",
                "The cage is for the batteries, the fire officer wanted it there. Can the access point move?",
            ),
        ),
    ),
    Story(
        slug="laptop",
        ago=4 * DAY,
        who="customer_manager",
        subject="Laptop and accounts for a new colleague on the 1st",
        text=(
            "We have a new dispatcher starting on the 1st: Edda Lorne, same equipment and rights as Samir. "
            "Please also a second screen and a headset."
        ),
        type="service-request",
        queue="hardware",
        tags=("onboarding",),
        due=3 * DAY,
        steps=(
            claims(3.9 * DAY, "agent"),
            replies(
                3.8 * DAY,
                "agent",
                "With pleasure. This is what we prepare:\n\n"
                "| What | When |\n| --- | --- |\n| Laptop 14″, 32 GB | ordered, arrives Thursday |\n"
                "| Screen, headset | in stock |\n| Account, mailbox, VPN | made the day before |\n\n"
                "Shall the headset be wireless?",
            ),
            says(3.5 * DAY, "customer_manager", "Wireless, please. Thank you!"),
            replies(
                3.4 * DAY,
                "agent",
                "Noted. I will write again when the laptop is here.",
                status="waiting-for-parts",
            ),
        ),
    ),
    Story(
        slug="invoice",
        ago=1.6 * DAY,
        who="lena",
        subject="Invoice 2291 has two licences too many",
        text=(
            "Hello,\n\non invoice 2291 we pay for 14 office licences, but two colleagues left in spring. "
            "I count 12.\n\nLena Ostrander"
        ),
        type="question",
        queue="billing",
        priority=1,
        tags=("invoice", "licences"),
        steps=(
            claims(1.5 * DAY, "agent"),
            replies(
                1.4 * DAY,
                "agent",
                "Hello Lena,\n\nyou are right that two people left; their licences run until the "
                "end of the year, "
                "because nobody told us to end them. We can end them today and credit you the rest. "
                "May I have a short yes from you or Dana?",
                status="waiting-for-customer",
            ),
        ),
    ),
    Story(
        slug="internet",
        ago=5 * DAY,
        who="bram",
        subject="Internet crawls every afternoon from two to three",
        text=(
            "Every school day between two and three the internet is so slow that videos stop. "
            "Before and after it is fine."
        ),
        queue="network",
        tags=("provider",),
        steps=(
            claims(4.8 * DAY, "network_agent"),
            notes(
                4.2 * DAY,
                "network_agent",
                "Measured for two days: 14:03 to 14:55 the line falls from 240 to 9 Mbit/s, "
                "inside the building all "
                "is quiet. It is the provider. Fault reported, their number is **NT-558-2041**.",
            ),
            replies(
                4.1 * DAY,
                "network_agent",
                "Hello Bram,\n\nit is not in your building: the line itself becomes slow. We "
                "have reported it to "
                "your provider and follow it up every day.",
                status="waiting-for-third-party",
            ),
            reads(2 * DAY, "agent", "supervisor"),
        ),
    ),
    Story(
        slug="phishing",
        ago=5 * HOUR,
        who="bram",
        subject="Is this mail about the school portal real?",
        text=(
            "I got a mail that my account will be closed unless I sign in today. It looks like "
            "yours, but the "
            "address is odd. I have not clicked anything. Picture attached."
        ),
        type="question",
        priority=3,
        tags=("security",),
        files=(
            _screen(
                "mail.png",
                "Your account ends today",
                "From: it-desk@lanternfie1d.example",
                "Sign in within 4 hours to keep your files.",
                "[ Keep my account ]",
            ),
        ),
        steps=(
            claims(4.9 * HOUR, "agent"),
            replies(
                4.8 * HOUR,
                "agent",
                "Well done for asking: it is **not** from us. Look at the sender, the *l* in our "
                "name is a *1*.\n\n"
                "Please delete it. We have blocked the address for the whole school.",
            ),
            notes(
                4.7 * HOUR,
                "agent",
                "Blocked on the gateway; three more at Fernhill had it, nobody signed in.",
            ),
            resolves(3.2 * HOUR, "agent"),
            reads(3 * HOUR, "supervisor", "owner"),
        ),
    ),
    Story(
        slug="mailbox",
        ago=9 * DAY,
        who="gwen",
        subject="Shared mailbox says it is full",
        text='Our reception mailbox has been refusing mails since lunch: "mailbox full".\n\nGwen',
        source="mail",
        tags=("mail",),
        steps=(
            claims(8.9 * DAY, "agent"),
            replies(
                8.8 * DAY,
                "agent",
                "Hello Gwen,\n\nI moved everything before this year into an archive; you find it "
                "below the inbox as "
                "*Archive*. New mails arrive again.",
            ),
            says(8.7 * DAY, "gwen", "Works again, thank you for being so quick!"),
            sets(8.6 * DAY, "agent", status="resolved"),
            closes(6 * DAY, "agent"),
        ),
    ),
    Story(
        slug="locked",
        ago=12 * DAY,
        who="petra",
        subject="Locked out after the holidays",
        text=(
            "Cannot sign in after three weeks off, the password has run out. Called from the "
            "car, is back at noon."
        ),
        source="phone",
        taken_by="agent",
        type="service-request",
        steps=(
            claims(12 * DAY - 5 * MINUTE, "agent"),
            replies(
                12 * DAY - 30 * MINUTE,
                "agent",
                "Your account is open again. At the next sign-in you will be asked for a new password.",
            ),
            resolves(12 * DAY - 31 * MINUTE, "agent"),
        ),
    ),
    Story(
        slug="share",
        ago=6 * DAY,
        who="ivo",
        subject="How do I share a folder with somebody outside?",
        text=(
            "The structural engineer needs the folder *Hospital / Level 2*, but only to read, "
            "and only until Friday."
        ),
        type="question",
        priority=1,
        steps=(
            claims(5.9 * DAY, "agent"),
            replies(
                5.8 * DAY,
                "agent",
                "Right-click the folder, **Share → Guest**, enter the address and choose *Can "
                "view*; below it you can "
                "set the day on which it ends.",
            ),
            resolves(5.7 * DAY, "agent"),
            reopens(3 * HOUR, "ivo"),
            says(
                3 * HOUR - 2 * MINUTE,
                "ivo",
                "The guest says the link asks him for a password he does not have. What now?",
            ),
        ),
    ),
    Story(
        slug="battery",
        ago=DAY,
        who="customer_manager",
        subject="Yearly test of the batteries in the server room",
        text=(
            "Due again this month. Last year's readings are in the site notes. Agree a time "
            "outside both shifts, "
            "and **tell Lena**, the scanners go down with it."
        ),
        source="phone",
        taken_by="supervisor",
        internal=True,
        queue="hardware",
        type="preventive-maintenance",
        priority=1,
        due=6 * DAY,
        steps=(
            assigns(22 * HOUR, "supervisor", "engineer"),
            sets(22 * HOUR, "supervisor", status="open"),
            links(21 * HOUR, "supervisor", "laptop"),
        ),
    ),
    Story(
        slug="keyboard",
        ago=2.5 * DAY,
        who="customer",
        subject="Keyboard types the letter E twice",
        text="Reeally annoying in mails to customers. It is the wired one that came with the desk.",
        queue="hardware",
        priority=1,
        steps=(
            claims(2.4 * DAY, "agent"),
            replies(2.4 * DAY - MINUTE, "agent", "A new one is on its way to you with tomorrow's delivery."),
            says(1.4 * DAY, "customer", "It is here and works. Thanks!"),
            resolves(1.3 * DAY, "agent"),
        ),
    ),
    Story(
        slug="reward",
        ago=30 * HOUR,
        who="petra",
        subject="RE: your loyalty reward is waiting",
        text="Dear customer you have been selected. Confirm your delivery address to receive the voucher.",
        source="mail",
        steps=(marks_spam(29 * HOUR, "agent"),),
    ),
    Story(
        slug="test",
        ago=26 * HOUR,
        who="customer",
        subject="test",
        text="test, please ignore",
        steps=(trashes(25 * HOUR, "agent"),),
    ),
)

#: the longest any of them goes back
BEGINNING = max(story.ago for story in STORIES) + timedelta(days=1)
