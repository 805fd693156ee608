"""Routes of one's access tokens, in every mode."""

from collections.abc import Iterable

from a_parallel_contracts import Ok, Request, Route, delete, get, post
from a_parallel_plugins.auth.token_models import CreatedToken, NewToken, TokenList
from a_parallel_plugins.auth.tokens import Tokens


def token_routes(tokens: Tokens) -> Iterable[Route]:
    """Return the routes. A token that lacks the scope admin can neither make another one nor end one."""

    async def show(request: Request) -> TokenList:
        """List one's access tokens; the tokens themselves are never shown again."""
        return await tokens.of(request.actor)

    async def create(request: Request[None, NewToken]) -> CreatedToken:
        """Make an access token and show it, once."""
        return await tokens.create(request.actor, request.body)

    async def revoke(request: Request) -> Ok:
        """End an access token at once; sockets that it opened are closed."""
        await tokens.revoke(request.actor, request.params["id"])
        return Ok()

    return [
        get("/api/auth/tokens", show),
        post("/api/auth/tokens", create, scope="admin", status=201, confidential=True, repeatable=True),
        delete("/api/auth/tokens/{id}", revoke, scope="admin", repeatable=True),
    ]
