"""The demo company and its customers. Every name and address is invented; `.example` reaches nobody."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "Lanternfield IT"
DOMAIN = "lanternfield.example"
SUPPORT = f"support@{DOMAIN}"
PHONE = "+44 1632 960100"
#: where its working days are
TIME_ZONE = "Europe/London"
PASSWORD = "deskbell-demo"  # noqa: S105  printed at every start of the demo

#: team → queue it is in charge of
TEAMS = {"Service desk": "support", "Field service": "hardware", "Network": "network", "Office": "billing"}


@dataclass(frozen=True, kw_only=True)
class Person:
    """`slug` is how stories name the person; `grants` are (role, team or empty for everywhere)."""

    slug: str
    name: str
    email: str
    grants: tuple[tuple[str, str], ...] = ()
    phone: str = ""
    site: str = ""
    #: has a password, and is listed among the sign-ins
    signs_in: bool = False
    time_zone: str = ""

    @property
    def reads_only(self) -> bool:
        return any(role.startswith("read_only") for role, _team in self.grants)


@dataclass(frozen=True, kw_only=True)
class Customer:
    name: str
    domain: str
    notes: str = ""
    #: name, address, how to get in
    sites: tuple[tuple[str, str, str], ...] = ()


STAFF = (
    Person(
        slug="owner",
        name="Maren Okonjo",
        email=f"maren@{DOMAIN}",
        grants=(("owner", ""),),
        signs_in=True,
    ),
    Person(
        slug="admin",
        name="Teodor Lisk",
        email=f"teodor@{DOMAIN}",
        grants=(("admin", ""),),
        signs_in=True,
    ),
    Person(
        slug="supervisor",
        name="Priya Vandermeer",
        email=f"priya@{DOMAIN}",
        grants=(("supervisor", ""),),
        signs_in=True,
    ),
    Person(
        slug="agent",
        name="Jonas Achterberg",
        email=f"jonas@{DOMAIN}",
        grants=(("agent", ""), ("agent", "Service desk"), ("agent", "Office")),
        signs_in=True,
    ),
    Person(
        slug="network_agent",
        name="Aylin Moreau",
        email=f"aylin@{DOMAIN}",
        grants=(("agent", "Network"),),
        signs_in=True,
    ),
    Person(
        slug="engineer",
        name="Kofi Brandt",
        email=f"kofi@{DOMAIN}",
        grants=(("engineer", "Field service"),),
        phone="+44 7700 900112",
        signs_in=True,
    ),
    Person(slug="office_agent", name="Hester Quaye", email=f"hester@{DOMAIN}", grants=(("agent", "Office"),)),
    Person(
        slug="engineer_2",
        name="Tomas Wren",
        email=f"tomas@{DOMAIN}",
        grants=(("engineer", "Field service"),),
        phone="+44 7700 900146",
    ),
    Person(
        slug="auditor",
        name="Ruth Salvesen",
        email=f"ruth@{DOMAIN}",
        grants=(("auditor", ""),),
        signs_in=True,
    ),
)

CUSTOMERS = (
    Customer(
        name="Quayside Logistics",
        domain="quayside.example",
        notes="Two shifts, 05:00 to 22:00. Scanners and the VPN come first.",
        sites=(
            ("Head office", "4 Harbour Row, Milltown", "Reception, second floor."),
            (
                "Warehouse North",
                "Dock Road, gate 7, Milltown",
                "Safety shoes. Ask for the shift leader at gate 7.",
            ),
        ),
    ),
    Customer(
        name="Fernhill Primary School",
        domain="fernhill-school.example",
        notes="Visits only after 15:30 or in the holidays.",
        sites=(("Main building", "12 Fern Hill, Ashby", "Sign in at the office; a badge is needed."),),
    ),
    Customer(
        name="Milltown Dental",
        domain="milltown-dental.example",
        sites=(("Practice", "31 Mill Street, Milltown", "Ring at the side door before 08:00."),),
    ),
    Customer(
        name="Hale Birch Architects",
        domain="halebirch.example",
        notes="Large drawings: 600 GB on the file server, backed up every night.",
        sites=(("Studio", "The Old Dairy, Ashby", ""),),
    ),
    Customer(
        name="Tarn & Rook Solicitors",
        domain="tarnrook.example",
        notes="Confidential: never open a document on their machines. Partners want a phone call first.",
        sites=(
            (
                "Chambers",
                "2 Cloister Court, Milltown",
                "Ring for Imogen Tarn's office. No visits on Fridays.",
            ),
        ),
    ),
    Customer(
        name="Marlpit Brewery",
        domain="marlpit.example",
        notes="The bottling line runs on one old PC; never restart it before asking Doug.",
        sites=(
            (
                "Brewhouse",
                "Marlpit Lane, Ashby",
                "Through the yard, wet floor. Ear protection in the bottling hall.",
            ),
            ("Tap room", "9 Canal Street, Milltown", "Opens at 16:00, key at the brewhouse."),
        ),
    ),
    Customer(
        name="Thistledown Care Home",
        domain="thistledown.example",
        notes="Somebody is there day and night. Masks in the bedroom wing.",
        sites=(("Main house", "Thistle Avenue 40, Ashby", "Sign the visitors' book, wash hands."),),
    ),
    Customer(
        name="Gearwheel Cycle Works",
        domain="gearwheel.example",
        sites=(
            ("Workshop and shop", "77 Station Road, Milltown", "Closed on Mondays. Parking in the yard."),
        ),
    ),
    Customer(
        name="Oxbow Housing Trust",
        domain="oxbow.example",
        notes="Graham Leckie wants to be copied in on everything that costs money.",
        sites=(
            ("Trust office", "Weir House, Milltown", "Badge from reception, third floor."),
            ("Estate hut", "Oxbow Close, Milltown", "Key box at the door, code with the service desk."),
        ),
    ),
)

PEOPLE = (
    Person(
        slug="customer_manager",
        name="Dana Whitlock",
        email="dana.whitlock@quayside.example",
        grants=(("customer_manager", ""),),
        phone="+44 1632 960110",
        site="Head office",
        signs_in=True,
    ),
    Person(
        slug="customer",
        name="Samir Haddow",
        email="samir.haddow@quayside.example",
        phone="+44 1632 960117",
        site="Head office",
        signs_in=True,
    ),
    Person(
        slug="reader",
        name="Kit Rosenthal",
        email="kit.rosenthal@quayside.example",
        grants=(("read_only", ""),),
        site="Warehouse North",
        signs_in=True,
    ),
    Person(
        slug="organization_reader",
        name="Vera Lindqvist",
        email="vera.lindqvist@quayside.example",
        grants=(("read_only_organization", ""),),
        site="Head office",
        signs_in=True,
    ),
    Person(
        slug="lena", name="Lena Ostrander", email="lena.ostrander@quayside.example", site="Warehouse North"
    ),
    Person(
        slug="colette",
        name="Colette Amari",
        email="c.amari@fernhill-school.example",
        phone="+44 1632 960204",
        site="Main building",
        signs_in=True,
    ),
    Person(
        slug="bram", name="Bram Tolliver", email="b.tolliver@fernhill-school.example", site="Main building"
    ),
    Person(slug="noor", name="Noor Feldt", email="noor.feldt@milltown-dental.example", site="Practice"),
    Person(slug="gwen", name="Gwen Ashdown", email="reception@milltown-dental.example", site="Practice"),
    Person(slug="ivo", name="Ivo Castellane", email="ivo@halebirch.example", site="Studio"),
    Person(
        slug="imogen",
        name="Imogen Tarn",
        email="i.tarn@tarnrook.example",
        phone="+44 1632 960410",
        site="Chambers",
    ),
    Person(slug="felix", name="Felix Abara", email="f.abara@tarnrook.example", site="Chambers"),
    Person(
        slug="doug",
        name="Doug Penhallow",
        email="doug@marlpit.example",
        phone="+44 1632 960455",
        site="Brewhouse",
    ),
    Person(slug="aneta", name="Aneta Kowal", email="aneta@marlpit.example", site="Tap room"),
    Person(
        slug="joy",
        name="Joy Adeyo",
        email="joy.adeyo@thistledown.example",
        phone="+44 1632 960501",
        site="Main house",
    ),
    Person(slug="reza", name="Reza Tahmin", email="reza.tahmin@thistledown.example", site="Main house"),
    Person(slug="mattis", name="Mattis Verhoeve", email="mattis@gearwheel.example", site="Workshop and shop"),
    Person(
        slug="graham",
        name="Graham Leckie",
        email="graham.leckie@oxbow.example",
        grants=(("customer_manager", ""),),
        phone="+44 1632 960622",
        site="Trust office",
    ),
    Person(slug="sunniva", name="Sunniva Clay", email="sunniva.clay@oxbow.example", site="Trust office"),
    Person(slug="petra", name="Petra Quill", email="petra.quill@mailbox.example", phone="+44 1632 960383"),
)
