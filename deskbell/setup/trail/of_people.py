"""Events in words: people, roles, organisations, and how they come in."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deskbell.events.models import Event
from deskbell.people import permissions
from deskbell.people.telling import sign_in_line
from deskbell.setup.role_forms import SCOPES
from deskbell.setup.trail.fields import fields, of, plain
from deskbell.setup.trail.names import Names, detail


def _rights(event: Event, names: Names) -> str:
    parts = [_("gave the role %(role)s") % {"role": names.role(slug)} for slug in event.data["added"]]
    parts += [_("took the role %(role)s back") % {"role": names.role(slug)} for slug in event.data["removed"]]
    return ", ".join(parts)


def _identity(event: Event, names: Names) -> str:
    given = detail(event, "given")
    return _("added the address %(address)s") % {"address": given} if given else _("added an address")


def _identity_removed(event: Event, names: Names) -> str:
    given = detail(event, "given")
    return _("removed the address %(address)s") % {"address": given} if given else _("removed an address")


def _identity_undeliverable(event: Event, names: Names) -> str:
    values = {"address": detail(event, "given") or "–"}
    if event.data["undeliverable"]:
        return _("noted that mails to %(address)s come back") % values
    return _("noted that %(address)s is in use again") % values


def _titles(keys: list[str]) -> str:
    """Permissions by their names; one that is no more by its key."""
    known = {each.key: str(each.title) for group in permissions.GROUPS for each in group.permissions}
    return ", ".join(f"“{known.get(key, key)}”" for key in keys)


def _called(name: str) -> str:
    """A role's name, in the reader's language where it is one that came with Deskbell."""
    return _(name) if name else ""


def _scope(scope: str) -> str:
    return str(SCOPES[scope][0]) if scope in SCOPES else scope


def _role_added(event: Event, names: Names) -> str:
    data = event.data
    name = {"name": _called(data["name"]), "from": _called(data["copied_from"])}
    said = _("made the role “%(name)s” like “%(from)s”") if name["from"] else _("made the role “%(name)s”")
    parts = [said % name, _("reaches: %(scope)s") % {"scope": _scope(data["scope"])}]
    if data["permissions"]:
        parts.append(_("may: %(what)s") % {"what": _titles(data["permissions"])})
    if data["second_factor"]:
        parts.append(_("needs a second factor"))
    return "; ".join(parts)


def _role_changed(event: Event, names: Names) -> str:
    data, parts = event.data, []
    if data["after"]:
        parts.append(_("called it “%(name)s”") % {"name": _called(data["after"])})
    if data["added"]:
        parts.append(_("may now: %(what)s") % {"what": _titles(data["added"])})
    if data["removed"]:
        parts.append(_("may no longer: %(what)s") % {"what": _titles(data["removed"])})
    if data["scope"]:
        parts.append(_("reaches now: %(scope)s") % {"scope": _scope(data["scope"])})
    if data["second_factor"] is not None:
        needs = data["second_factor"]
        parts.append(_("needs a second factor now") if needs else _("needs no second factor any more"))
    said = ngettext(
        "changed the role “%(name)s” of %(people)s person: %(what)s",
        "changed the role “%(name)s” of %(people)s people: %(what)s",
        data["people"],
    )
    return said % {"name": _called(data["name"]), "people": data["people"], "what": "; ".join(parts)}


def _role_removed(event: Event, names: Names) -> str:
    data = event.data
    if not data["to"]:
        return _("removed the role “%(name)s”") % {"name": _called(data["name"])}
    said = ngettext(
        "removed the role “%(name)s”; %(people)s person got “%(to)s” instead",
        "removed the role “%(name)s”; %(people)s people got “%(to)s” instead",
        data["people"],
    )
    return said % {"name": _called(data["name"]), "people": data["people"], "to": _called(data["to"])}


def _invited(event: Event, names: Names) -> str:
    role, team = names.role(event.data["role"]), names.teams.get(event.data["team_id"])
    if team:
        return _("invited somebody as %(role)s in %(team)s") % {"role": role, "team": team}
    return _("invited somebody as %(role)s") % {"role": role}


def _token(event: Event, names: Names) -> str:
    if event.data["read_only"]:
        return _("made the read-only API token “%(name)s”") % {"name": event.data["name"]}
    return _("made the API token “%(name)s”") % {"name": event.data["name"]}


def _sign_in(event: Event, names: Names) -> str:
    return sign_in_line(event).sentence


def _membership(event: Event, names: Names) -> str:
    if event.data["approved"]:
        return _("let somebody into an organisation")
    return _("refused somebody an organisation")


def _second_factor_on(event: Event, names: Names) -> str:
    if event.data["replaced"]:
        return _("moved the second factor to another app")
    return _("switched a second factor on")


def _viewing_begun(event: Event, names: Names) -> str:
    minutes = event.data["minutes"]
    said = ngettext(
        "looks at the desk as the person, for %(minutes)s minute at most",
        "looks at the desk as the person, for %(minutes)s minutes at most",
        minutes,
    )
    return said % {"minutes": minutes}


def _provider(text: Any) -> Any:
    return lambda event, names: str(text) % {"provider": event.data["provider"]}


def _passkey(text: Any) -> Any:
    return lambda event, names: str(text) % {"name": detail(event, "name") or "–"}


def _recovery_code_used(event: Event, names: Names) -> str:
    left = event.data["left"]
    said = ngettext("used a recovery code, %(left)s is left", "used a recovery code, %(left)s are left", left)
    return said % {"left": left}


def _number(text: Any) -> Any:
    return lambda event, names: str(text) % {"number": detail(event, "given") or "–"}


def _other(text: Any, which: str) -> Any:
    """`text` with the name of the other person, whose id stands under `which`."""
    gone = gettext_lazy("somebody removed")
    return lambda event, names: str(text) % {"name": names.people.get(event.data[which], gone)}


def _guessed(event: Event, names: Names) -> str:
    target = detail(event, "target") or "–"
    if event.data["what"] == "account":
        return _("slowed many wrong tries at the account %(account)s") % {"account": target}
    return _("slowed many wrong tries from the address %(address)s") % {"address": target}


WORDS: dict[str, Any] = {
    "user.added": plain(gettext_lazy("came to know the person")),
    "user.changed": fields,
    "user.identity_added": _identity,
    "user.identity_removed": _identity_removed,
    "user.identity_undeliverable": _identity_undeliverable,
    "user.identity_verified": plain(gettext_lazy("verified an address")),
    "user.number_proven": _number(gettext_lazy("showed that the WhatsApp number %(number)s is theirs")),
    "user.number_doubted": _number(gettext_lazy("the WhatsApp number %(number)s signs nobody in any more")),
    "user.password_set": plain(gettext_lazy("set the password")),
    "user.second_factor_on": _second_factor_on,
    "user.second_factor_off": plain(gettext_lazy("switched the second factor off")),
    "user.passkey_added": _passkey(gettext_lazy("added the passkey “%(name)s”")),
    "user.passkey_renamed": _passkey(gettext_lazy("named a passkey “%(name)s”")),
    "user.passkey_removed": _passkey(gettext_lazy("removed the passkey “%(name)s”")),
    "user.provider_linked": _provider(gettext_lazy("signed in at %(provider)s for the first time")),
    "user.provider_unlinked": _provider(gettext_lazy("parted the account from %(provider)s")),
    "user.directory_left": _provider(gettext_lazy("is known to the directory %(provider)s no more")),
    "directory.added": of(gettext_lazy("added the directory “%(name)s”")),
    "directory.changed": of(gettext_lazy("changed the directory “%(name)s”: %(fields)s")),
    "directory.removed": of(gettext_lazy("removed the directory “%(name)s”")),
    "identityprovider.added": of(gettext_lazy("added the identity provider “%(name)s”")),
    "identityprovider.changed": of(gettext_lazy("changed the identity provider “%(name)s”: %(fields)s")),
    "identityprovider.removed": of(gettext_lazy("removed the identity provider “%(name)s”")),
    "user.viewing_begun": _viewing_begun,
    "user.viewing_ended": plain(gettext_lazy("stopped looking at the desk as the person")),
    "user.second_factor_reset": plain(gettext_lazy("took away the lost second factor")),
    "user.recovery_codes_made": plain(gettext_lazy("made new recovery codes")),
    "user.recovery_code_used": _recovery_code_used,
    "user.recovery_link_made": plain(gettext_lazy("printed a link for somebody locked out")),
    "user.recovered": plain(gettext_lazy("got in again by the link")),
    "signin.guessed": _guessed,
    "user.rights_changed": _rights,
    "role.added": _role_added,
    "role.changed": _role_changed,
    "role.removed": _role_removed,
    "user.deactivated": plain(gettext_lazy("closed the account")),
    "user.anonymised": plain(gettext_lazy("anonymised the person")),
    "user.merged": _other(gettext_lazy("merged the person into %(name)s"), "target_id"),
    "user.took_over": _other(gettext_lazy("merged %(name)s into the person"), "source_id"),
    "user.unmerged": _other(gettext_lazy("undid the merge of the person into %(name)s"), "target_id"),
    "user.gave_back": _other(gettext_lazy("undid the merge of %(name)s into the person"), "source_id"),
    "user.reactivated": plain(gettext_lazy("opened the account again")),
    "user.signed_in": _sign_in,
    "user.sign_in_failed": _sign_in,
    "user.signed_out": _sign_in,
    "user.device_revoked": _sign_in,
    "user.data_exported": plain(gettext_lazy("fetched all that is kept about the person")),
    "invitation.sent": _invited,
    "invitation.accepted": plain(gettext_lazy("accepted the invitation")),
    "invitation.withdrawn": plain(gettext_lazy("withdrew the invitation")),
    "user.membership_asked": plain(gettext_lazy("asked to belong to an organisation")),
    "user.membership_decided": _membership,
    "token.created": _token,
    "token.revoked": of(gettext_lazy("revoked the API token “%(name)s”")),
    "organization.added": plain(gettext_lazy("added the organisation")),
    "organization.changed": fields,
    "firstlink.made": plain(gettext_lazy("printed a link for the first administrator")),
    "firstlink.used": plain(gettext_lazy("became the first administrator by the link")),
    "invitation.sent_again": plain(gettext_lazy("sent the invitation again")),
    "organization.removed": plain(gettext_lazy("removed the organisation")),
    "site.added": of(gettext_lazy("added the site “%(name)s”")),
    "site.changed": of(gettext_lazy("changed the site “%(name)s”: %(fields)s")),
    "site.removed": of(gettext_lazy("removed the site “%(name)s”")),
    "team.added": of(gettext_lazy("added the team “%(name)s”")),
    "team.changed": of(gettext_lazy("changed the team “%(name)s”: %(fields)s")),
    "team.removed": of(gettext_lazy("removed the team “%(name)s”")),
}
