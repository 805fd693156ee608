"""Which addresses a foreign server may send us to.

A user may name any server. What that server names in turn is asked only if it could not be used to reach into the
network around this machine: its own origin always; https to public addresses; and everything, if the server that
the user named is itself not public.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from a_parallel_contracts import BadRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet; an IPv4 address inside IPv6 counts as itself."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return (mapped or parsed).is_global and not parsed.is_multicast


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone, at the moment of connecting, so that no later answer differs."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses.

        Raises:
            OSError: there is none.
        """
        found = [one for one in await self._inner.resolve(host, port, family) if is_public(one["host"])]
        if not found:
            raise OSError(f"{host} has no public address")
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._inner.close()


class Guard:
    """Decides about addresses on behalf of one MCP server.

    Parameters:
        server: URL that the user named.
        local: that server is not public, so neither need be what it names.
    """

    def __init__(self, server: URL, *, local: bool) -> None:
        self.server = server
        self.local = local

    @classmethod
    async def of(cls, server_url: str) -> "Guard":
        """Look up whether a server is public."""
        server = URL(server_url)
        return cls(server, local=not await _all_public(server.host or ""))

    def is_own(self, url: URL) -> bool:
        """Tell whether a URL is of the server's own origin."""
        return url.origin() == self.server.origin()

    def check(self, text: str) -> URL:
        """Return a URL that may be asked.

        Raises:
            BadRequest: it is no http(s) URL, is not encrypted, or leads to an address that is not public.
        """
        url = web_address(text)
        if self.is_own(url) or self.local:
            return url
        if url.scheme != "https":
            raise BadRequest(f"The MCP server refers to {url.origin()}, which is not encrypted")
        host = url.host or ""
        if _literal(host) and not is_public(host):
            raise BadRequest(f"The MCP server refers to {host}, an address that is not public")
        return url


def web_address(text: str, base: URL | None = None) -> URL:
    """Return an address that a foreign server has named.

    Parameters:
        text: as it was named.
        base: what it is relative to.

    Raises:
        BadRequest: it is no http or https address.
    """
    try:
        url = base.join(URL(text)) if base else URL(text)
        usable = url.scheme in ("http", "https") and bool(url.host)
    except (ValueError, TypeError):
        usable = False
    if not usable:
        raise BadRequest("The MCP server refers to something that is no http or https address")
    return url


async def _all_public(host: str) -> bool:
    addresses = [host] if _literal(host) else await _addresses(host)
    return all(map(is_public, addresses))


async def _addresses(host: str) -> Iterable[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()  # asking it will fail with a better text
    return [str(entry[4][0]) for entry in found]
