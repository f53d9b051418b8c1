"""How often something may be tried. Counted in the cache, which all processes share."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.core.internal import ratelimit
from django.http import HttpRequest


@dataclass(frozen=True)
class Limit:
    """`rates`: so many per second, minute, hour or day, of one client address (ip) or of one key."""

    action: str
    rates: str
    app: str = "deskbell"

    def count(self, request: HttpRequest, *, key: str = "") -> ratelimit.RateLimitUsage | None:
        """Count one try; None when there were too many. `.rollback()` takes back what turned out right."""
        return self._consume(request, self.rates, key=key)

    def full_for_address(self, request: HttpRequest) -> bool:
        """Whether the client's address alone has used up its share."""
        rates = ",".join(rate for rate in self.rates.split(",") if rate.endswith("/ip"))
        return bool(rates) and self._consume(request, rates, dry_run=True) is None

    def _consume(
        self, request: HttpRequest, rates: str, *, key: str = "", dry_run: bool = False
    ) -> ratelimit.RateLimitUsage | None:
        config = {self.action: rates}
        return ratelimit.consume(
            request,
            app=self.app,
            action=self.action,
            config=config,
            key=key,
            dry_run=dry_run,
            limit_get=True,
        )


#: a code of an app or a recovery code; the key is the person
SECOND_FACTOR = Limit("second_factor", "10/m/ip,5/5m/key,50/d/key")
#: a WhatsApp number that somebody signed in says is his; the key is the person
NUMBER = Limit("number", "20/m/ip,20/d/key")
#: an answer of a passkey that is wrong
PASSKEY = Limit("passkey", "20/m/ip")
#: on the way to an identity provider and back
PROVIDER = Limit("provider", "60/m/ip")
#: a password that a directory checks; the key is the entry, by whatever name it was found
DIRECTORY = Limit("directory", "5/5m/key")
#: a link that should carry a secret, and does not work
LINK = Limit("link", "20/m/ip")
#: a token of the API that nobody has
TOKEN = Limit("token", "60/m/ip")


def address_of(request: HttpRequest) -> str:
    """Who shares a limit: one IPv4 address, or the network of one IPv6 customer.

    Behind proxies it is the client's own, if they are trusted (config/proxies.py).
    """
    return ratelimit.get_ip(request)
