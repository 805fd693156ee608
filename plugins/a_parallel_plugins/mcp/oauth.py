"""Signing in at a server: from the button to the pop-up's end (``http-features.md`` §1.6)."""

from pathlib import Path

from a_parallel_contracts import Actor, ApiError, BadRequest, PluginContext, Request, Response
from a_parallel_plugins.mcp.discovery import discover
from a_parallel_plugins.mcp.entries import Entry
from a_parallel_plugins.mcp.fetching import Fetcher
from a_parallel_plugins.mcp.flows import Flow, Flows
from a_parallel_plugins.mcp.guard import Guard
from a_parallel_plugins.mcp.models import CallbackQuery, ManualToken, StartSignIn
from a_parallel_plugins.mcp.page import CALLBACK, callback_page
from a_parallel_plugins.mcp.places import Places
from a_parallel_plugins.mcp.registration import register
from a_parallel_plugins.mcp.rewriting import Rewriter
from a_parallel_plugins.mcp.servers import Servers
from a_parallel_plugins.mcp.settings import McpSettings
from a_parallel_plugins.mcp.store import Grant, TokenStore
from a_parallel_plugins.mcp.tokens import exchange_code

_STALE = "This sign-in is not known any more: it took too long, or was used already. Start it again"


class OAuth:
    """What the routes do about signing in."""

    def __init__(
        self, ctx: PluginContext, places: Places, servers: Servers, rewriter: Rewriter, store: TokenStore
    ) -> None:
        self._log = ctx.log
        self._timeout = ctx.settings(McpSettings).request_timeout
        self._places = places
        self._servers = servers
        self._rewriter = rewriter
        self._store = store
        self.flows = Flows()

    async def start(self, request: "Request[None, StartSignIn]") -> str:
        """Return where the browser goes to sign in.

        Raises:
            BadRequest: there is no such server, or it does not say how to sign in.
        """
        body = request.body
        directory, entry = await self._chosen(request.actor, body)
        url = str(entry.url)
        async with Fetcher(await Guard.of(url), self._timeout) as fetcher:
            server = await discover(fetcher)
            redirect = _callback_url(request)
            client = await register(fetcher, server, entry.name, redirect)
        flow = Flow(
            server_name=entry.name,
            server_url=url,
            directory=directory,
            user_id=request.actor.user_id,
            server=server,
            client=client,
            redirect_uri=redirect,
            origin=_waiting_origin(request),
        )
        return flow.authorization_url(self.flows.add(flow))

    async def finish(self, query: CallbackQuery) -> Response:
        """Return the page that ends a sign-in; a state is good for one return, whatever that brings."""
        flow = self.flows.take(query.state) if query.state else None
        origin = flow.origin if flow else None
        if query.error:
            return callback_page(query.error_description or query.error, origin)
        if flow is None or not query.code:
            return callback_page(_STALE, origin)
        try:
            await self._complete(flow, query)
        except ApiError as error:
            self._log.warning("Signing in at MCP server %s failed: %s", flow.server_name, error.message)
            return callback_page(error.message, origin)
        return callback_page(None, origin)

    async def set_token(self, actor: Actor, body: ManualToken) -> None:
        """Use a token that the user has got elsewhere, in place of one that was renewed here.

        Raises:
            BadRequest: there is no such server, or the CLI refused.
            FailedDependency: there is no CLI, or it took too long.
        """
        directory, entry = await self._chosen(actor, body)
        await self._rewriter.set_bearer(directory, entry, body.token)
        await self._store.delete(entry.name, str(directory))

    async def _chosen(self, actor: Actor, body: StartSignIn) -> tuple[Path, Entry]:
        directory = await self._places.require(actor, body.project_path)
        entry = await self._servers.entry(directory, body.server_name)
        self._places.admit(actor, entry.scope)
        return directory, entry

    async def _complete(self, flow: Flow, query: CallbackQuery) -> None:
        _check_issuer(flow, query.iss)
        endpoint = flow.server.token_endpoint
        async with Fetcher(await Guard.of(flow.server_url), self._timeout) as fetcher:
            tokens = await exchange_code(
                fetcher,
                endpoint,
                flow.client,
                code=query.code,
                verifier=flow.verifier,
                redirect_uri=flow.redirect_uri,
                resource=flow.server.resource,
            )
        entry = await self._servers.entry(flow.directory, flow.server_name)
        if entry.url != flow.server_url:
            raise BadRequest(f"The address of {flow.server_name} has changed meanwhile. Start again")
        grant = Grant(
            server_name=flow.server_name,
            project_path=str(flow.directory),
            server_url=flow.server_url,
            token_endpoint=endpoint,
            client=flow.client,
            tokens=tokens,
            user_id=flow.user_id,
            resource=flow.server.resource,
        )
        await self._store.save(grant)
        await self._rewriter.set_bearer(flow.directory, entry, tokens.access)


def _check_issuer(flow: Flow, named: str | None) -> None:
    """Refuse an answer that comes from another authorization server than the one asked (RFC 9207 §2.4)."""
    if named is None and not flow.server.tells_issuer:
        return
    if named != flow.server.issuer:
        raise BadRequest(f"The answer does not come from {flow.server.issuer}. Start again")


def _callback_url(request: "Request[None, StartSignIn]") -> str:
    """Return the callback at the address by which the browser knows this server; the kernel has checked the host."""
    scheme = "https" if request.secure else "http"
    return f"{scheme}://{request.headers.get('host', 'localhost')}{CALLBACK}"


def _waiting_origin(request: "Request[None, StartSignIn]") -> str | None:
    """Return the origin of the page that asks, if the server knows it for one of its own."""
    return request.headers.get("origin") if request.origin_present and request.origin_allowed else None
