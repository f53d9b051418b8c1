"""A list of people to invite: read from a CSV, and each of its rows judged."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO

from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.kit.sheets import cell
from deskbell.people.actions import Offer
from deskbell.people.addresses import email_key, is_email
from deskbell.people.models import Grant, Identity, Invitation, Role, Team, User
from deskbell.setup.forms import CUSTOMER_SCOPES, roles_to_hand_out

#: people of one list
LONGEST = 500
#: bytes of a file
BIGGEST = 1024 * 1024
SEPARATORS = ",;\t"
COLUMNS = ("email", "name", "role", "team")
#: what the columns are called in a first row, in lower case
HEADINGS = {
    "email": {"email", "e-mail", "mail", "address", "email address", "e-mail address"}
    | {"adresse", "e-mail-adresse", "mailadresse", "emailadresse"},
    "name": {"name", "full name", "vollständiger name"},
    "role": {"role", "rolle"},
    "team": {"team", "gruppe", "group"},
}

#: verdict → what it says; only `ready` ones are sent
VERDICTS = {
    "ready": N_("Ready"),
    "not_an_address": N_("Not an e-mail address"),
    "twice": N_("Twice in the list"),
    "here": N_("Already here"),
    "closed": N_("Account closed"),
    "invited": N_("Already invited"),
    "unknown_role": N_("Unknown role"),
    "forbidden_role": N_("A role you may not give"),
    "unknown_team": N_("Unknown team"),
    "no_team": N_("Customers are in no team"),
    "too_long": N_("The name is too long"),
}


class Unreadable(ValueError):
    """Why nothing could be made of the list, in words for its sender."""


@dataclass
class Row:
    """As it was given; `verdict` and `offer` come from `judge`."""

    email: str
    name: str = ""
    role: str = ""
    team: str = ""
    verdict: str = ""
    offer: Offer | None = None

    @classmethod
    def of(cls, cells: Iterable[str]) -> Row:
        """The cells in the order of COLUMNS."""
        email, name, role, team = cells
        return cls(email, name, role, team)

    @property
    def given(self) -> list[str]:
        return [self.email, self.name, self.role, self.team]


# --- reading ------------------------------------------------------------------------------------


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with their marks, UTF-8, else what Windows programs write."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read(text: str) -> list[Row]:
    """The rows of a CSV. Raises Unreadable when there are none or too many."""
    text = text.replace("\0", "").lstrip("\ufeff")
    try:
        lines = [
            [cell.strip()[:400] for cell in line]
            for line in csv.reader(StringIO(text, newline=""), delimiter=_separator(text))
            if any(cell.strip() for cell in line)
        ]
    except csv.Error as error:
        raise Unreadable(_("This is no list of lines with separated columns.")) from error
    places = _headings(lines[0]) if lines else None
    if places is not None:
        lines = lines[1:]
    if not lines:
        raise Unreadable(_("There is nobody in this list."))
    if len(lines) > LONGEST:
        raise Unreadable(
            _("At most %(count)s people at once. Send the others after these.") % {"count": LONGEST}
        )
    places = places or {column: place for place, column in enumerate(COLUMNS)}
    return [
        Row.of(
            line[places[column]] if places.get(column, len(line)) < len(line) else "" for column in COLUMNS
        )
        for line in lines
    ]


def _separator(text: str) -> str:
    """The one that parts the columns. A list of bare addresses has none, which the sniffer cannot tell."""
    sample = text[:20_000]
    present = [each for each in SEPARATORS if each in sample]
    if len(present) == 1:
        return present[0]
    try:
        return csv.Sniffer().sniff(sample, SEPARATORS).delimiter
    except csv.Error:
        return max(SEPARATORS, key=sample.count)


def _headings(line: list[str]) -> dict[str, int] | None:
    """Column → place, when the line names columns: an address is among them and none is an address."""
    if any("@" in cell for cell in line):
        return None
    found = {
        column: place
        for place, cell in enumerate(line)
        for column, names in HEADINGS.items()
        if cell.casefold() in names
    }
    return found if "email" in found else None


# --- judging ------------------------------------------------------------------------------------


def judge(rows: list[Row], *, role: Role, team: Team | None, by: User) -> None:
    """Give every row its verdict. `role` and `team` are for rows that name none."""
    roles = _names(Role.objects.order_by("-pk"))
    allowed = {each.pk for each in roles_to_hand_out(by)}
    teams = {each.name.casefold(): each for each in Team.objects.filter(active=True)}
    keys = {email_key(row.email) for row in rows if is_email(row.email)}
    here, closed = _here(keys)
    invited = _invited(keys)
    seen: set[str] = set()
    for row in rows:
        row.offer = None
        key = email_key(row.email) if is_email(row.email) else ""
        offered = roles.get(row.role.casefold()) if row.role else role
        place = teams.get(row.team.casefold()) if row.team else team
        if offered and offered.scope in CUSTOMER_SCOPES and not row.team:
            place = None
        if not key or len(row.email) > 320:
            row.verdict = "not_an_address"
        elif key in seen:
            row.verdict = "twice"
        elif len(row.name) > 200:
            row.verdict = "too_long"
        elif offered is None:
            row.verdict = "unknown_role"
        elif offered.pk not in allowed:
            row.verdict = "forbidden_role"
        elif row.team and place is None:
            row.verdict = "unknown_team"
        elif place and offered.scope in CUSTOMER_SCOPES:
            row.verdict = "no_team"
        elif key in closed:
            row.verdict = "closed"
        elif (key, offered.pk, place.pk if place else None) in here:
            row.verdict = "here"
        elif key in invited:
            row.verdict = "invited"
        else:
            row.verdict = "ready"
            row.offer = Offer(row.email, row.name, offered, place)
        seen.add(key)


def _names(roles: Iterable[Role]) -> dict[str, Role]:
    """Roles by all they may be called: the seeded ones win over others of the same name."""
    found: dict[str, Role] = {}
    for role in roles:
        for name in (role.name, _(role.name), role.slug):
            found[name.casefold()] = role
    return found


def _here(keys: set[str]) -> tuple[set[tuple[str, int, int | None]], set[str]]:
    """(address, role, team) of those who can sign in, and the addresses of closed accounts."""
    rows = Identity.objects.filter(kind="email", scope="", key__in=keys).select_related("user")
    people = {row.user_id: row for row in rows}
    closed = {row.key for row in people.values() if not row.user.is_active}
    able = [pk for pk, row in people.items() if row.user.has_usable_password()]
    grants = Grant.objects.filter(user__in=able).values_list("user_id", "role_id", "team_id")
    return {(people[user].key, role, team) for user, role, team in grants}, closed


def _invited(keys: set[str]) -> set[str]:
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
    known = waiting.annotate(lower=Lower("email")).filter(lower__in=keys)
    return {email_key(email) for email in known.values_list("email", flat=True)}


def as_text(rows: Iterable[Row]) -> str:
    """Rows as they were given, to be given again."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(row.given for row in rows)
    return text.getvalue()


def as_csv(rows: Iterable[Row]) -> str:
    """Rows with what is wrong with them, for a spreadsheet."""
    text = StringIO()
    sheet = csv.writer(text)
    sheet.writerow([_("E-mail"), _("Name"), _("Role"), _("Team"), _("What is wrong")])
    for row in rows:
        sheet.writerow([cell(each) for each in (*row.given, _(VERDICTS[row.verdict]))])
    return text.getvalue()
