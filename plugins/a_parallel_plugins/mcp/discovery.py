"""Finds the authorization server of an MCP server (MCP authorization, RFC 9728, RFC 8414)."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from yarl import URL

from a_parallel_contracts import BadRequest
from a_parallel_plugins.mcp.fetching import Fetched, Fetcher
from a_parallel_plugins.mcp.guard import web_address

_RESOURCE = "/.well-known/oauth-protected-resource"
_SERVER = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"


class AuthorizationServer(Struct, frozen=True):
    """Where and how one signs in at an MCP server.

    Attributes:
        issuer: of RFC 8414.
        authorization_endpoint: where the browser goes.
        token_endpoint: where codes become tokens.
        registration_endpoint: where clients introduce themselves, if they can.
        resource: what tokens are for (RFC 8707).
        scope: what is asked for, separated by spaces; empty to ask for nothing in particular.
        auth_methods: how clients may prove themselves at the token endpoint; empty if it does not say.
        tells_issuer: it promises to name itself when the browser comes back (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str | None
    resource: str
    scope: str
    auth_methods: tuple[str, ...]
    tells_issuer: bool


class _Resource(Struct, frozen=True):
    """What is known about the protected resource."""

    identifier: str
    issuer: str | None
    scope: str | None


async def discover(fetcher: Fetcher) -> AuthorizationServer:
    """Ask the server, and whom it names, how to sign in.

    Raises:
        BadRequest: it cannot be found out; the text says why.
    """
    server = str(fetcher.guard.server.with_fragment(None))
    challenge = _challenge(await fetcher.probe(server))
    resource = await _resource(fetcher, server, challenge)
    issuer = resource.issuer or str(fetcher.guard.server.origin())
    metadata = await _metadata(fetcher, issuer, verify=resource.issuer is not None)
    return _checked(fetcher, metadata, issuer, resource)


def _challenge(answer: Fetched) -> dict[str, str]:
    """Return the parameters of ``WWW-Authenticate`` (RFC 9110 §11.6.1)."""
    header = answer.headers.get("WWW-Authenticate", "") if answer.status in (401, 403) else ""
    pairs = re.findall(r'([A-Za-z0-9_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))', header)
    return {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in pairs}


async def _resource(fetcher: Fetcher, server: str, challenge: dict[str, str]) -> _Resource:
    for place in _resource_places(server, challenge.get("resource_metadata")):
        answer = await fetcher.get(place)
        issuers = answer.object.get("authorization_servers") if answer.ok else None
        if isinstance(issuers, list) and issuers and isinstance(issuers[0], str):
            scopes = challenge.get("scope") or _joined(answer.object.get("scopes_supported"))
            return _Resource(_identifier(answer.object, server), issuers[0], scopes)
    return _Resource(server, None, challenge.get("scope"))


def _resource_places(server: str, named: str | None) -> Iterator[str]:
    """Yield where the metadata may be: as named, below the path, at the root (RFC 9728 §3.1)."""
    url = URL(server)
    if named:
        yield named
    if url.path not in ("", "/"):
        yield str(url.origin()) + _RESOURCE + url.raw_path.rstrip("/")
    yield str(url.origin()) + _RESOURCE


def _identifier(metadata: dict[str, Any], server: str) -> str:
    """Return the resource that the metadata are about; it must be the server or what contains it (RFC 9728 §3.3)."""
    named = metadata.get("resource")
    if not isinstance(named, str):
        return server
    url, own = web_address(named), URL(server)
    path, below = url.path.rstrip("/") + "/", own.path.rstrip("/") + "/"
    if url.origin() != own.origin() or not below.startswith(path):
        raise BadRequest(f"The metadata of {server} are about another resource, {named}")
    return named


async def _metadata(fetcher: Fetcher, issuer: str, *, verify: bool) -> dict[str, Any]:
    for place in _metadata_places(web_address(issuer)):
        answer = await fetcher.get(place)
        if answer.ok and isinstance(answer.object.get("authorization_endpoint"), str):
            named = answer.object.get("issuer")
            if verify and str(named).rstrip("/") != issuer.rstrip("/"):
                raise BadRequest(f"The metadata of the authorization server {issuer} name another issuer, {named}")
            return answer.object
    raise BadRequest(f"{issuer} does not say how to sign in (no authorization server metadata)")


def _metadata_places(issuer: URL) -> Iterator[str]:
    """Yield where the metadata may be (RFC 8414 §3.1, §5, OpenID Connect Discovery §4)."""
    origin, path = str(issuer.origin()), issuer.raw_path.rstrip("/")
    yield origin + _SERVER + path
    yield origin + _OPENID + path
    if path:
        yield origin + path + _OPENID


def _checked(fetcher: Fetcher, metadata: dict[str, Any], issuer: str, resource: _Resource) -> AuthorizationServer:
    if "S256" not in _strings(metadata.get("code_challenge_methods_supported")):
        raise BadRequest(f"{issuer} does not support PKCE with S256, without which signing in is not safe")
    registration = metadata.get("registration_endpoint")
    named = metadata.get("issuer")
    return AuthorizationServer(
        issuer=named if isinstance(named, str) else issuer,
        authorization_endpoint=_endpoint(fetcher, metadata, "authorization_endpoint"),
        token_endpoint=_endpoint(fetcher, metadata, "token_endpoint"),
        registration_endpoint=_endpoint(fetcher, metadata, "registration_endpoint") if registration else None,
        resource=resource.identifier,
        scope=_scope(resource.scope, _strings(metadata.get("scopes_supported"))),
        auth_methods=_strings(metadata.get("token_endpoint_auth_methods_supported")),
        tells_issuer=metadata.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(fetcher: Fetcher, metadata: dict[str, Any], name: str) -> str:
    value = metadata.get(name)
    if not isinstance(value, str):
        raise BadRequest(f"The authorization server names no {name}")
    fetcher.guard.check(value)  # the browser is sent to one of them: never to a javascript: URL
    return value


def _scope(wanted: str | None, offered: tuple[str, ...]) -> str:
    """Return what to ask for: what the resource wants, else everything, and always what brings a refresh token."""
    scopes = wanted.split() if wanted else list(offered)
    if scopes and "offline_access" in offered and "offline_access" not in scopes:
        scopes.append("offline_access")
    return " ".join(scopes)


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _joined(value: Any) -> str | None:
    return " ".join(_strings(value)) or None
