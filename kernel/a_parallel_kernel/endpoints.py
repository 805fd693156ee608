"""A mounted route with what the annotations of its handler say, worked out once."""

import functools
import inspect
from collections.abc import Callable
from functools import cached_property
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct
from pydantic import TypeAdapter

from a_parallel_contracts.auth import Scope
from a_parallel_contracts.http import Request, Route
from a_parallel_kernel.paths import Pattern, RouteError, parse_pattern


class Signature(Struct, frozen=True):
    """Types in the annotations of a handler; None stands for "there is none"."""

    resource: Any = None
    body: Any = None
    query: Any = None
    returns: Any = Any


class Endpoint(Struct, frozen=True, eq=False, dict=True):
    """A route of a plugin, ready to be called.

    Attributes:
        plugin: id of the plugin that mounted it.
        route: as the plugin described it.
        pattern: its path, taken apart.
        signature: types of its handler.
    """

    plugin: str
    route: Route
    pattern: Pattern
    signature: Signature

    @cached_property
    def action(self) -> str:
        """Name of the route for the hook ``authorize``."""
        return f"{self.route.method} {self.route.path}"

    @cached_property
    def scope(self) -> Scope:
        """What an access token needs."""
        usual: Scope = "read" if self.route.method == "GET" else "run"
        return self.route.scope or ("admin" if self.route.access == "admin" else usual)

    @property
    def documented(self) -> Any:
        """Type of the answer for the documentation: what the route says, or else its handler."""
        return self.signature.returns if self.route.returns is None else self.route.returns

    # Built on first use: models are the larger part of the time that a server takes to start.
    @cached_property
    def body(self) -> TypeAdapter[Any] | None:
        """Validates the body."""
        return TypeAdapter(self.signature.body) if self.signature.body is not None else None

    @cached_property
    def query(self) -> TypeAdapter[Any] | None:
        """Validates the query string."""
        return TypeAdapter(self.signature.query) if self.signature.query is not None else None


def compile_route(plugin: str, route: Route) -> Endpoint:
    """Return the endpoint of a route.

    Raises:
        RouteError: its path, status or annotations cannot be used.
    """
    pattern = parse_pattern(route.path)
    signature = signature_of(route.handler)
    action = f"{route.method} {route.path}"
    if route.status == 204 or not 200 <= route.status < 300:
        raise RouteError(f"{action}: an answer has a body and a status of success, not {route.status}")
    if route.loads and not pattern.parameters:
        raise RouteError(f"{action}: loads={route.loads}, but no parameter in the path names what to load")
    if signature.resource is not None and not route.loads:
        raise RouteError(f"{action}: the handler wants a resource, but the route does not say what loads it")
    return Endpoint(plugin, route, pattern, signature)


def signature_of(handler: Callable[..., Any]) -> Signature:
    """Read a handler's annotations.

    Raises:
        RouteError: the first parameter is no `Request`, or a name in an annotation is not to be found.
    """
    function = _function(handler)
    name = getattr(function, "__qualname__", repr(handler))
    hints = _hints(function, name)
    parameters = [one for one in inspect.signature(handler).parameters.values() if one.default is one.empty]
    if len(parameters) != 1:
        raise RouteError(f"{name}: a handler takes exactly one argument, the request")
    resource, body, query = _arguments(hints.get(parameters[0].name, Any), name)
    return Signature(resource, body, query, hints.get("return", Any))


def _function(handler: Callable[..., Any]) -> Any:
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not (inspect.isfunction(handler) or inspect.ismethod(handler)):
        handler = type(handler).__call__
    return inspect.unwrap(getattr(handler, "__func__", handler))


def _hints(function: Any, name: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, localns=_enclosed(function), include_extras=True)
    except NameError as error:
        raise RouteError(
            f"{name}: cannot resolve its annotations: {error}. Define the model at the top of the module, or in a "
            "function without `from __future__ import annotations`"
        ) from None


def _enclosed(function: Any) -> dict[str, Any]:
    """Return the local names of the enclosing functions, as far as the handler itself uses them."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    found = {}
    for name, cell in cells:
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found


def _arguments(hint: Any, name: str) -> tuple[Any, Any, Any]:
    if hint is Any or hint is Request:
        return None, None, None
    if get_origin(hint) is not Request:
        raise RouteError(f"{name}: its argument is annotated {hint!r}; it should be Request[Resource, Body, Query]")
    given = [None if argument in (None, NoneType) else argument for argument in get_args(hint)]
    resource, body, query = [*given, None, None][:3]
    return resource, body, query
