"""Who may call what: authentication, access levels, scopes of tokens, states of plugins."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from msgspec import Struct

from a_parallel_contracts.auth import ANONYMOUS, Actor, Authenticator
from a_parallel_contracts.errors import FailedDependency, Forbidden, NotFound, ServiceUnavailable, Unauthorized
from a_parallel_contracts.plugin import PluginState
from a_parallel_contracts.services import Resources, ServiceKey
from a_parallel_kernel.clients import Client, credentials_of
from a_parallel_kernel.endpoints import Endpoint
from a_parallel_kernel.idempotency import Idempotency


class HttpServices(Struct, frozen=True, kw_only=True):
    """What the HTTP side asks the rest of the kernel for, anew for each request.

    Attributes:
        authenticator: returns the running auth mode, or None.
        resources: returns the service behind a route's ``loads``, or None while nobody provides it.
        plugin_state: returns the state of a plugin that has routes.
        report: told plugin, error (or None) and seconds of each call of a handler; an `ApiError` below 500
            is no error.
        authorize: asks the hook of that name about actor, action and resource; False is answered 403. Returns None if
            there is nobody to be asked.
        changes: returns how many rows of the database have been changed so far; without it every answer counts as
            new.
        idempotency: answers requests that are sent again under the same key; without it keys mean nothing.
    """

    authenticator: Callable[[], Authenticator | None]
    resources: Callable[[ServiceKey[Any]], Resources[Any] | None]
    plugin_state: Callable[[str], str]
    report: Callable[[str, BaseException | None, float], None]
    authorize: Callable[[Actor, str, Any], Awaitable[bool | None] | None]
    changes: Callable[[], int] | None = None
    idempotency: Idempotency | None = None


class Admission:
    """Decides by the rules of ``http-core.md`` §2.5 and of the route.

    Parameters:
        services: the rest of the kernel.
    """

    def __init__(self, services: HttpServices) -> None:
        self._services = services

    async def authenticate(self, request: web.BaseRequest, client: Client) -> Actor:
        """Return who asks.

        Raises:
            Unauthorized: no valid credentials, or no auth mode runs.
        """
        authenticator = self._services.authenticator()
        actor = await authenticator.authenticate(credentials_of(request, client)) if authenticator else None
        if actor is None or actor.role == "anonymous":
            raise Unauthorized("Unauthorized")
        return actor

    async def admit(self, request: web.BaseRequest, client: Client, endpoint: Endpoint) -> Actor:
        """Return who asks, if the route is open to them and its plugin can answer.

        Raises:
            Unauthorized: the route is not public, and there are no valid credentials.
            Forbidden: the route is for administrators, the token lacks its scope, or the auth mode refuses.
            FailedDependency, ServiceUnavailable, NotFound: the plugin does not run.
        """
        if endpoint.route.access == "public":
            actor = await self._anybody(request, client)
        else:
            actor = await self.authenticate(request, client)
            self._check_rights(actor, endpoint)
        self._check_state(endpoint)
        return actor

    def _check_rights(self, actor: Actor, endpoint: Endpoint) -> None:
        if endpoint.route.access == "admin" and actor.role != "admin":
            raise Forbidden("Only administrators may do this")
        if actor.scopes is not None and endpoint.scope not in actor.scopes:
            raise Forbidden(f"This access token lacks the scope {endpoint.scope}")

    async def _anybody(self, request: web.BaseRequest, client: Client) -> Actor:
        if "Authorization" not in request.headers and "Cookie" not in request.headers:
            return ANONYMOUS
        try:
            return await self.authenticate(request, client)
        except Unauthorized:
            return ANONYMOUS

    def _check_state(self, endpoint: Endpoint) -> None:
        plugin, state = endpoint.plugin, self._services.plugin_state(endpoint.plugin)
        if state in (PluginState.RUNNING, PluginState.DEGRADED):
            return
        told = {"plugin": plugin, "state": state}
        if state == PluginState.FAILED:
            raise FailedDependency(f"The plugin {plugin} has failed; see its state and the log", extra=told)
        if state in (PluginState.STARTING, PluginState.STOPPING):
            raise ServiceUnavailable(f"The plugin {plugin} is {state}", extra=told, headers={"Retry-After": "1"})
        raise NotFound("Not found")

    async def authorize(self, actor: Actor, endpoint: Endpoint, resource: Any) -> None:
        """Ask the hook ``authorize``; public routes are open to everybody and not asked about.

        Raises:
            Forbidden: a plugin said no.
        """
        if endpoint.route.access == "public":
            return
        answer = self._services.authorize(actor, endpoint.action, resource)
        if answer is not None and await answer is False:
            raise Forbidden("You are not allowed to do this")
