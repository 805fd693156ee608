"""Who is at the other end of a connection, and by which name and from which page they call."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Struct, field
from multidict import MultiMapping

from a_parallel_contracts.auth import Credentials

UNIX = "unix"
"""Stands for a Unix socket among the trusted proxies."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(?::\d*)?")
_UNKNOWN = "0.0.0.0"  # noqa: S104 - the peer of a connection that is gone already
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class HttpSettings(Struct, frozen=True):
    """What the HTTP side of the server is told.

    Attributes:
        host: address it listens on, as configured.
        origins: browsers' origins that may call the API, exact text (``http-core.md`` §2.3).
        allowed_hosts: further names by which the server may be called.
        trusted_proxies: addresses or networks whose forwarding headers are believed; ``unix`` for Unix sockets.
        rate_limit: accepted requests to ``/api`` for each peer in 60 s; 0 for no limit.
        max_body: bytes of a request's body.
        open_to_peers: hand other machines what needs no credentials but gives some away (§2.11).
    """

    host: str = "127.0.0.1"
    origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    rate_limit: int = 1000
    max_body: int = 128 * 1024 * 1024
    open_to_peers: bool = False


class Headers(Mapping[str, str]):
    """Headers of a request by lower-case name, looked up when they are asked for.

    Repeated ones are joined as RFC 9110 §5.2 says.

    Parameters:
        given: as they came.
    """

    __slots__ = ("_given",)

    def __init__(self, given: MultiMapping[str]) -> None:
        self._given = given

    def __getitem__(self, name: str) -> str:
        values = self._given.getall(name)
        return values[0] if len(values) == 1 else ", ".join(values)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header, or `default`; not left to `Mapping`, which raises and catches to find out."""
        values = self._given.getall(name, None)
        if values is None:
            return default
        return values[0] if len(values) == 1 else ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name in self._given))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._given


class Query(Mapping[str, str]):
    """The query string of a request, taken apart when somebody looks into it.

    Parameters:
        request: whose it is.
    """

    __slots__ = ("_request",)

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request

    def __getitem__(self, name: str) -> str:
        return self._request.query[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._request.query)

    def __len__(self) -> int:
        return len(self._request.query)


# not frozen: that takes three times as long to make, and there is one for each request
class Client(Struct):
    """The other end of one request.

    Attributes:
        peer: address of the client, seen through trusted proxies; None on a Unix socket.
        trusted: it is on this machine, or the settings admit other machines.
        secure: it speaks TLS, to us or to a trusted proxy.
        host_allowed: the Host header names this server.
        origin: the Origin header, or None.
        origin_allowed: there is none, or it is same-origin or on the list.
        headers: all of them by lower-case name.
    """

    peer: str | None
    trusted: bool
    secure: bool
    host_allowed: bool
    origin: str | None
    origin_allowed: bool
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def rate_key(self) -> str:
        """Who shares a rate limit: an address, or the network of 64 bits that one IPv6 user has."""
        return _rate_key(self.peer) if self.peer else UNIX


def host_name(host: str) -> str:
    """Return the name in a Host header, without port, brackets, case and final dot; empty if it is none."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").rstrip(".").lower() if match else ""


def normalised(origin: str) -> str:
    """Return an origin in lower case without the default port of its scheme."""
    try:
        parts = urlsplit(origin.lower())
        port = parts.port
    except ValueError:
        return origin
    suffix = f":{port}" if port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else ""
    host = parts.hostname or ""
    return f"{parts.scheme}://[{host}]{suffix}" if ":" in host else f"{parts.scheme}://{host}{suffix}"


# Parsing an address costs a tenth of a request, and the same few come again and again.
@lru_cache(4096)
def _rate_key(peer: str) -> str:
    address = ip_address(peer)
    return str(ip_network((address.packed[:8] + bytes(8), 64))) if isinstance(address, IPv6Address) else peer


@lru_cache(4096)
def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


@lru_cache(4096)
def plain_address(text: str) -> str | None:
    """Return the address in `text`, without port, brackets, zone and IPv4 mapping; None if there is none."""
    candidates = (text, host_name(text))
    for candidate in candidates:
        try:
            address = ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return str(mapped or address)
    return None


class ClientGate:
    """Identifies clients by the rules of ``http-core.md`` §2.4 and §2.11.

    Parameters:
        settings: of the server.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self._origins = frozenset(settings.origins)
        self._open = settings.open_to_peers
        self._wildcard = settings.host in _WILDCARDS
        self._proxies = _networks(settings.trusted_proxies)
        self._unix_is_proxy = UNIX in settings.trusted_proxies
        names = {settings.host.lower(), *map(host_name, settings.allowed_hosts), *map(_origin_host, settings.origins)}
        self._names = (names | _LOOPBACK_NAMES) - {""}
        self._has_proxies = bool(self._proxies) or self._unix_is_proxy
        self._known = lru_cache(1024)(self._look)

    def identify(self, request: web.BaseRequest) -> Client:
        """Return who sent `request`."""
        remote, secure = request.remote, request.secure
        if self._has_proxies:
            remote, secure = self._through_proxies(request)
        own = _own_address(request) if self._wildcard else None
        hosts = tuple(request.headers.getall("Host", ()))
        known = self._known(remote, secure, request.headers.get("Origin"), hosts, own)
        return Client(*known, Headers(request.headers))

    def _through_proxies(self, request: web.BaseRequest) -> tuple[str, bool]:
        """Return the address of the client and whether it speaks TLS, as proxies tell it, if we believe them."""
        socket = _peer(request.remote)
        if not self._is_proxy(socket):
            return socket or "", request.secure
        secure = request.secure or _forwarded_scheme(request.headers) == "https"
        return self._forwarded(request.headers, socket) or "", secure

    def _look(
        self, remote: str | None, secure: bool, origin: str | None, hosts: tuple[str, ...], own: str | None
    ) -> tuple[str | None, bool, bool, bool, str | None, bool]:
        """Return the first fields of a `Client`; the same few people come with the same few names."""
        peer = _peer(remote)
        trusted = peer is None or _is_loopback(peer) or self._open
        allowed = origin is None or self._origin_allowed(origin, hosts, secure)
        return peer, trusted, secure, self._host_allowed(hosts, own), origin, allowed

    def _is_proxy(self, socket: str | None) -> bool:
        if socket is None:
            return self._unix_is_proxy
        return bool(self._proxies) and any(ip_address(socket) in network for network in self._proxies)

    def _forwarded(self, headers: Mapping[str, str], socket: str | None) -> str | None:
        """Return the last hop that is no trusted proxy; what stands left of it anybody may have written."""
        peer = socket
        chain = headers.get("X-Forwarded-For") or headers.get("X-Real-IP", "")
        for hop in reversed(chain.split(",")):
            address = plain_address(hop.strip())
            if address is None:
                break
            peer = address
            if not self._is_proxy(address):
                break
        return peer

    def _host_allowed(self, hosts: tuple[str, ...], own: str | None) -> bool:
        name = host_name(hosts[0]) if len(hosts) == 1 else ""
        if name in self._names:
            return True
        address = plain_address(name)
        if address is None:
            return False
        # No name means no DNS rebinding: an address is good if it is ours.
        return _is_loopback(address) or (self._wildcard and address == own)

    def _origin_allowed(self, origin: str, hosts: tuple[str, ...], secure: bool) -> bool:
        if origin in self._origins:
            return True
        own = f"{'https' if secure else 'http'}://{hosts[0] if hosts else ''}"
        return normalised(origin) == normalised(own)

    def listed(self, origin: str | None) -> bool:
        """Tell whether an origin stands on the allow-list itself."""
        return origin in self._origins


def credentials_of(request: web.BaseRequest, client: Client, *, websocket: bool = False) -> Credentials:
    """Return what a request carries that may prove who it is from."""
    return Credentials(
        method=request.method,
        path=request.path,
        headers=client.headers,
        cookies=request.cookies if "cookie" in client.headers else {},
        query=Query(request),
        peer=client.peer,
        secure=client.secure,
        websocket=websocket,
        same_origin=client.origin_allowed,
        origin_present=client.origin is not None,
    )


def _networks(proxies: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies if proxy != UNIX)


def _origin_host(origin: str) -> str:
    return host_name(origin.partition("://")[2])


def _peer(remote: str | None) -> str | None:
    # aiohttp has empty text for a Unix socket, and None if the connection was gone when the request was read.
    return None if remote == "" else plain_address(remote or "") or _UNKNOWN


def _own_address(request: web.BaseRequest) -> str | None:
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return plain_address(str(name[0])) if isinstance(name, tuple) and name else None


def _forwarded_scheme(headers: Mapping[str, str]) -> str:
    return headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
