"""OpenID Connect as a relying party: the code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).

What a provider says is believed only with its signature, its issuer, our client id, our nonce and its time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import jwt
from django.core.cache import cache
from django.utils.translation import gettext as _

from deskbell.kit import http
from deskbell.kit.secrets import unseal
from deskbell.people.models import IdentityProvider

#: signatures with a key pair alone: with a shared secret whoever reads ours could sign as the provider
ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)
#: seconds in which what a provider publishes is not asked again, nor one that did not answer; and by which
#: clocks may differ
KEPT, KEPT_SILENCE, LEEWAY = 3600, 10, 60


class NotConfirmed(Exception):
    """The provider did not say who somebody is; the message is for people."""


@dataclass(frozen=True)
class Published:
    """What a provider publishes about itself."""

    issuer: str
    authorize_url: str
    token_url: str
    keys_url: str
    userinfo_url: str
    end_session_url: str
    #: whether the secret goes into a header, as the protocol has it unless they say otherwise
    basic: bool


@dataclass(frozen=True)
class Begun:
    """A sign-in that is under way in one browser."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Begun:
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(64))


@dataclass(frozen=True)
class Found:
    """Whom the provider means. `email` only where it says that it is verified."""

    subject: str
    email: str
    name: str
    values: frozenset[str]


def published(provider: IdentityProvider, *, fresh: bool = False) -> Published:
    """Raises NotConfirmed."""
    address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    said = _read(address, fresh=fresh)
    if said.get("issuer") != provider.issuer:
        raise NotConfirmed(
            _("The provider calls itself %(issuer)s. Enter exactly that as its address.")
            % {"issuer": str(said.get("issuer") or "–")[:300]}
        )
    needed = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for name, value in needed.items():
        _checked(str(value or ""), name)
    methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Published(
        issuer=provider.issuer,
        authorize_url=str(needed["authorization_endpoint"]),
        token_url=str(needed["token_endpoint"]),
        keys_url=str(needed["jwks_uri"]),
        userinfo_url=str(said.get("userinfo_endpoint") or ""),
        end_session_url=str(said.get("end_session_endpoint") or ""),
        basic="client_secret_basic" in methods,
    )


def tested(provider: IdentityProvider) -> Published:
    """What the provider publishes at this moment, its keys looked at. Raises NotConfirmed."""
    about = published(provider, fresh=True)
    if not _read(about.keys_url, fresh=True).get("keys"):
        raise NotConfirmed(_("It publishes no keys, so nothing it signs can be checked."))
    return about


def address_of_sign_in(provider: IdentityProvider, begun: Begun, *, back: str) -> str:
    """Where the browser goes; it comes back to `back` with a code. Raises NotConfirmed."""
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": provider.scopes,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return _with_query(published(provider).authorize_url, query)


def address_of_sign_out(provider: IdentityProvider, *, back: str) -> str:
    """Where one signs out at the provider, too; empty where it has no such page or does not answer.

    Without the token it once gave (RP-Initiated Logout 1.0 calls it a hint): that says who somebody is.
    """
    try:
        address = published(provider).end_session_url
    except NotConfirmed:
        return ""
    query = {"client_id": provider.client_id, "post_logout_redirect_uri": back}
    return _with_query(address, query) if address else ""


def find(provider: IdentityProvider, begun: Begun, code: str, *, back: str) -> Found:
    """Whom the code stands for. Raises NotConfirmed."""
    about = published(provider)
    tokens = _exchange(provider, about, code, back, begun.verifier)
    claims = _claims(provider, about, str(tokens.get("id_token") or ""), begun.nonce)
    wanted = ["email", *([provider.role_claim] if provider.role_claim else [])]
    if about.userinfo_url and any(_of(claims, name) is None for name in wanted):
        more = _userinfo(about, str(tokens.get("access_token") or ""))
        if more.get("sub") == claims["sub"]:
            claims = {**more, **claims}
    verified = claims.get("email_verified") in (True, "true")  # some providers write it as a word
    return Found(
        subject=claims["sub"],
        email=str(claims.get("email") or "") if verified else "",
        name=str(claims.get("name") or "")[:200],
        values=_values(_of(claims, provider.role_claim)) if provider.role_claim else frozenset(),
    )


def _exchange(
    provider: IdentityProvider, about: Published, code: str, back: str, verifier: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    headers = {}
    secret = unseal(bytes(provider.client_secret)) if provider.client_secret else ""
    if secret and about.basic:  # RFC 6749 §2.3.1: each encoded as in a form
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    else:
        form |= {"client_id": provider.client_id, **({"client_secret": secret} if secret else {})}
    answer = _ask("POST", about.token_url, headers=headers, form=form)
    said = answer.json()
    if answer.status != 200:
        what = str(said.get("error_description") or said.get("error") or answer.status)[:300]
        raise NotConfirmed(_("The provider gave no token: %(said)s") % {"said": what})
    return said


def _claims(provider: IdentityProvider, about: Published, token: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that is right in every respect (Core §3.1.3.7). Raises NotConfirmed."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError(str(header.get("alg")))
        claims = jwt.decode(
            token,
            _key(about, header),
            algorithms=[header["alg"]],
            audience=provider.client_id,
            issuer=about.issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _false(error) from error
    audience = claims["aud"]
    party = claims.get("azp", provider.client_id if isinstance(audience, str) or len(audience) == 1 else "")
    if not secrets.compare_digest(str(claims.get("nonce") or ""), nonce) or party != provider.client_id:
        raise _false("nonce")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise _false("sub")
    return claims


def _false(why: object) -> NotConfirmed:
    return NotConfirmed(_("What the provider sent is not valid here: %(why)s") % {"why": str(why)[:200]})


def _key(about: Published, header: Mapping[str, Any]) -> Any:
    """The provider's key that signed; its keys are read anew once for one that is not known yet."""
    for fresh in (False, True):
        found = [
            each for each in _read(about.keys_url, fresh=fresh).get("keys") or [] if _signs(each, header)
        ]
        if len(found) == 1 or (found and "kid" in header):
            return jwt.PyJWK(found[0], algorithm=header["alg"]).key
    raise jwt.InvalidKeyError(_("none of its keys signed it"))


def _signs(key: Any, header: Mapping[str, Any]) -> bool:
    if (
        not isinstance(key, dict)
        or key.get("use", "sig") != "sig"
        or key.get("kty") not in {"RSA", "EC", "OKP"}
    ):
        return False
    return "kid" not in header or key.get("kid") == header["kid"]


def _userinfo(about: Published, token: str) -> dict[str, Any]:
    _checked(about.userinfo_url, "userinfo_endpoint")
    answer = _ask("GET", about.userinfo_url, headers={"Authorization": f"Bearer {token}"})
    return answer.json() if answer.status == 200 else {}


def _of(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name; one inside of another by both with a dot, as realm_access.roles."""
    if name in claims:
        return claims[name]
    outer, _dot, inner = name.partition(".")
    found = claims.get(outer)
    return _of(found, inner) if inner and isinstance(found, dict) else None


def _values(claim: Any) -> frozenset[str]:
    values = claim if isinstance(claim, list) else [claim]
    return frozenset(str(value) for value in values if isinstance(value, str | int) and value != "")


def _read(address: str, *, fresh: bool) -> dict[str, Any]:
    """A JSON object that anybody may read, kept for a while for all processes. Raises NotConfirmed.

    One that does not answer is left alone for a moment: everybody waits for it, whoever presses its button.
    """
    key = f"openid:{hashlib.sha256(address.encode()).hexdigest()}"
    if not fresh and (kept := cache.get(key)):
        return json.loads(kept)
    if not fresh and (silence := cache.get(f"{key}:silent")):
        raise NotConfirmed(silence)
    try:
        said = _fetch(address)
    except NotConfirmed as error:
        cache.set(f"{key}:silent", str(error), KEPT_SILENCE)
        raise
    cache.set(key, json.dumps(said), KEPT)
    return said


def _fetch(address: str) -> dict[str, Any]:
    answer = _ask("GET", address)
    said = answer.json()
    if answer.status != 200 or not said:
        text = _("%(address)s answers with %(status)d and nothing that could be read.")
        raise NotConfirmed(text % {"address": address, "status": answer.status})
    return said


def _ask(method: str, address: str, **more: Any) -> http.Answer:
    try:
        return http.ask(method, address, **more)
    except (http.BadAddress, http.NoAnswer) as error:
        raise NotConfirmed(str(error)) from error


def _checked(address: str, name: str) -> None:
    try:
        http.checked(address)
    except http.BadAddress as error:
        raise NotConfirmed(f"{name}: {error}") from error


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"
