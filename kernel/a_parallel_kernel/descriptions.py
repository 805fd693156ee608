"""Serves what the server says about its own interfaces: OpenAPI for HTTP, AsyncAPI for ``/ws``."""

from collections.abc import Iterable
from typing import Any

from a_parallel_contracts.http import Request, Response, Route, get
from a_parallel_kernel.server import HttpServer
from a_parallel_kernel.version import VERSION


class Descriptions:
    """Serves ``/api/kernel/openapi.json`` and ``/api/kernel/asyncapi.json``.

    Parameters:
        http: holds what is mounted; asked anew each time, since plugins come and go.
    """

    def __init__(self, http: HttpServer) -> None:
        self._http = http

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        return [
            get("/api/kernel/openapi.json", self.openapi, access="admin", scope="read", returns=dict[str, Any]),
            get("/api/kernel/asyncapi.json", self.asyncapi, access="admin", scope="read", returns=dict[str, Any]),
        ]

    # Both build many models, so they are imported when somebody asks.
    async def openapi(self, request: Request) -> Response:
        """Describe every enabled route."""
        from a_parallel_kernel.openapi import document

        return _json(document(self._http.routes.endpoints(), VERSION, self._http.hub.topics()))

    async def asyncapi(self, request: Request) -> Response:
        """Describe every frame and message of ``/ws``."""
        from a_parallel_kernel.asyncapi import document

        return _json(document(self._http.hub.topics(), self._http.hub.messages(), VERSION))


def _json(document: dict[str, Any]) -> Response:
    import orjson

    return Response(orjson.dumps(document))
