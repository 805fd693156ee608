"""The table of mounted routes: a tree of segments in which a literal goes before a parameter."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from a_parallel_contracts.http import Route
from a_parallel_kernel.endpoints import Endpoint, compile_route
from a_parallel_kernel.paths import DOTS, RESERVED, RouteError


class RouteConflict(RouteError):
    """Two plugins claim the same method on the same shape of path."""

    def __init__(self, mounted: Endpoint, claimed: Endpoint) -> None:
        other = mounted.route.path if mounted.route.path != claimed.route.path else "it"
        super().__init__(
            f"{claimed.action} of plugin {claimed.plugin} conflicts with plugin {mounted.plugin}, which has {other}"
        )


class Match(Struct):
    """A route that answers a path, and the decoded values of its parameters."""

    endpoint: Endpoint
    params: dict[str, str]


class _Node:
    __slots__ = ("endpoints", "literals", "parameter", "tails")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.endpoints: dict[str, Endpoint] = {}
        self.tails: dict[str, Endpoint] = {}

    def insert(self, endpoint: Endpoint) -> None:
        node, method = self, endpoint.route.method
        for segment in endpoint.pattern.segments:
            if segment.tail:
                node.tails[method] = endpoint
                return
            if segment.parameter:
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.literals.setdefault(segment.text, _Node())
        node.endpoints[method] = endpoint

    def find(self, segments: tuple[str, ...], index: int) -> Iterator[dict[str, Endpoint]]:
        """Yield what is mounted at the nodes that match, the most literal first."""
        if index == len(segments):
            yield self.endpoints
            return
        segment = segments[index]
        if segment in self.literals:
            yield from self.literals[segment].find(segments, index + 1)
        if index == 0 and segment in RESERVED:
            return
        if self.parameter and segment and segment not in DOTS:
            yield from self.parameter.find(segments, index + 1)
        if self.tails and not any("/" in rest or rest in DOTS for rest in segments[index:]):
            yield self.tails


Key = tuple[str, tuple[str, ...]]
"""A method, and the shape of a path."""


class RouteTable:
    """All routes of all plugins.

    ``{name}`` matches one segment that is neither empty nor dots; ``{name:path}`` the rest of the path,
    which may be empty, but never below ``/api`` or ``/ws`` and never with dot segments or encoded slashes.
    Paths are case-sensitive, and a slash at the end makes another path.
    """

    def __init__(self) -> None:
        self._mounted: dict[Key, Endpoint] = {}
        self._literal: dict[Key, Endpoint] = {}
        self._root = _Node()

    def mount(self, plugin: str, routes: Iterable[Route]) -> None:
        """Mount all `routes` of a plugin, or none of them. What the plugin has mounted before stays.

        Raises:
            RouteConflict: another route has the same method and shape.
            RouteError: a route cannot be used as it is.
        """
        new: dict[Key, Endpoint] = {}
        for endpoint in [compile_route(plugin, route) for route in routes]:
            key = (endpoint.route.method, endpoint.pattern.shape)
            taken = self._mounted.get(key) or new.get(key)
            if taken is not None:
                raise RouteConflict(taken, endpoint)
            new[key] = endpoint
        for claimed, endpoint in new.items():
            self._add(claimed, endpoint)

    def unmount(self, plugin: str) -> None:
        """Take all routes of a plugin away."""
        left = {key: endpoint for key, endpoint in self._mounted.items() if endpoint.plugin != plugin}
        self._mounted, self._literal, self._root = {}, {}, _Node()
        for key, endpoint in left.items():
            self._add(key, endpoint)

    def _add(self, key: Key, endpoint: Endpoint) -> None:
        self._mounted[key] = endpoint
        self._root.insert(endpoint)
        if not endpoint.pattern.parameters:
            self._literal[key] = endpoint

    def match(self, method: str, segments: tuple[str, ...]) -> Match | None:
        """Return the route that answers, or None; a wrong method counts as an unknown path.

        Parameters:
            method: of HTTP; HEAD is answered by GET.
            segments: from `a_parallel_kernel.paths.segments_of`.
        """
        wanted = "GET" if method == "HEAD" else method
        literal = self._literal.get((wanted, segments))  # goes before all others, and needs no search
        if literal is not None:
            return Match(literal, {})
        for endpoints in self._root.find(segments, 0):
            if wanted in endpoints:
                endpoint = endpoints[wanted]
                return Match(endpoint, endpoint.pattern.values(segments))
        return None

    def is_public(self, segments: tuple[str, ...]) -> bool:
        """Tell whether a route answers this path, by whatever method, without credentials."""
        found = self._root.find(segments, 0)
        return any(one.route.access == "public" for endpoints in found for one in endpoints.values())

    def endpoints(self) -> list[Endpoint]:
        """Return everything that is mounted, by path and method."""
        return sorted(self._mounted.values(), key=lambda one: (one.route.path, one.route.method))
