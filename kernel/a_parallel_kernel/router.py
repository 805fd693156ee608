"""The table of mounted routes: a tree of segments in which a literal goes before a parameter."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from a_parallel_contracts.http import Route
from a_parallel_kernel.endpoints import Endpoint, compile_route
from a_parallel_kernel.paths import DOTS, RESERVED, RouteError, parse_pattern

log = logging.getLogger("a_parallel.http")


class RouteConflict(RouteError):
    """Two plugins claim the same method on the same shape of path."""

    def __init__(self, mounted: Endpoint, claimed: Endpoint) -> None:
        other = mounted.route.path if mounted.route.path != claimed.route.path else "it"
        super().__init__(
            f"{claimed.action} of plugin {claimed.plugin} conflicts with plugin {mounted.plugin}, which has {other}"
        )


class Match(Struct):
    """A route that answers a path, and the decoded values of its parameters, which are not changed."""

    endpoint: Endpoint
    params: Mapping[str, str]


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


Shape = tuple[str, ...]
"""Segments of a path, as `Pattern.shape` gives them."""
Key = tuple[str, Shape]
"""A method, and a path or its shape."""

KEPT = 512
"""Paths whose routes are remembered."""


class LazyRoutes(Struct, frozen=True, eq=False):
    """Routes of a plugin that are not mounted yet.

    Attributes:
        plugin: whose they are.
        distribution: the plugin's.
        paths: all of them lie below these.
        make: returns them.
    """

    plugin: str
    distribution: str
    paths: tuple[str, ...]
    make: Callable[[], Iterable[Route]]

    def routes(self) -> list[Route]:
        """Make them.

        Raises:
            RouteError: one lies elsewhere.
        """
        routes = list(self.make())
        for route in routes:
            if not any(route.path == path or route.path.startswith(f"{path}/") for path in self.paths):
                below = " or ".join(self.paths)
                raise RouteError(f"{route.method} {route.path}: does not lie below {below}, as the manifest says")
        return routes


class RouteTable:
    """All routes of all plugins.

    ``{name}`` matches one segment that is neither empty nor dots; ``{name:path}`` the rest of the path,
    which may be empty, but never below ``/api`` or ``/ws`` and never with dot segments or encoded slashes.
    Paths are case-sensitive, and a slash at the end makes another path.
    """

    def __init__(self) -> None:
        self._mounted: dict[Key, Endpoint] = {}
        self._root = _Node()
        self._lazy: list[tuple[Shape, LazyRoutes]] = []
        self._matched: dict[Key, Match] = {}

    def mount(self, plugin: str, routes: Iterable[Route]) -> None:
        """Mount all `routes` of a plugin, or none of them. What the plugin has mounted before stays.

        Raises:
            RouteConflict: another route has the same method and shape.
            RouteError: a route cannot be used as it is.
        """
        new: dict[Key, Endpoint] = {}
        for endpoint in [compile_route(plugin, route) for route in routes]:
            shape = endpoint.pattern.shape
            self._make_what_is_near(plugin, shape)
            key = (endpoint.route.method, shape)
            taken = self._mounted.get(key) or new.get(key)
            if taken is not None:
                raise RouteConflict(taken, endpoint)
            new[key] = endpoint
        for claimed, endpoint in new.items():
            self._add(claimed, endpoint)

    def mount_lazily(
        self, plugin: str, paths: Iterable[str], make: Callable[[], Iterable[Route]], distribution: str = ""
    ) -> None:
        """Mount a plugin's routes with the first request below one of `paths`, or when somebody asks for all routes.

        Where another plugin has routes below the same paths that happens now, so that conflicts are found; but
        plugins of one distribution have been tested together, and may leave routes below one path for later.

        Parameters:
            plugin: whose they are.
            paths: literal segments; each route is one of them or lies below it.
            make: returns the routes.
            distribution: the plugin's, if it is known.

        Raises:
            RouteError: a path has parameters; or as `mount`, if it happens now.
            Exception: whatever `make` raises, if it happens now.
        """
        shapes = [_literal_shape(path) for path in paths]
        lazy = LazyRoutes(plugin, distribution, tuple(paths), make)
        for shape in shapes:
            self._make_what_is_near(plugin, shape, distribution)
        if any(self._has_others(plugin, shape) for shape in shapes):
            self.mount(plugin, lazy.routes())
        else:
            self._lazy += [(shape, lazy) for shape in shapes]
            self._matched.clear()

    # --- lazy routes ------------------------------------------------------------------------------

    def _has_others(self, plugin: str, path: Shape) -> bool:
        return any(shape[: len(path)] == path and one.plugin != plugin for (_, shape), one in self._mounted.items())

    def _make_what_is_near(self, plugin: str, path: Shape, distribution: str = "") -> None:
        """Mount the lazy routes of other plugins above and below a path, but for those of one distribution."""
        for shape, lazy in list(self._lazy):
            length = min(len(shape), len(path))
            stranger = lazy.plugin != plugin and not (distribution and distribution == lazy.distribution)
            if stranger and shape[:length] == path[:length]:
                self._try_to_make(lazy)

    def _make_above(self, segments: tuple[str, ...]) -> Exception | None:
        """Mount the lazy routes that may answer a path; return what prevented that for some of them."""
        prevented = None
        for lazy in [lazy for shape, lazy in self._lazy if segments[: len(shape)] == shape]:
            try:
                self._make(lazy)
            except Exception as error:  # noqa: BLE001 - raised unless another plugin has the route
                prevented = error
        return prevented

    def _try_to_make(self, lazy: LazyRoutes) -> None:
        """Mount lazy routes for somebody who is not to blame if that fails."""
        try:
            self._make(lazy)
        except Exception:
            log.exception("the routes of plugin %s cannot be mounted", lazy.plugin)

    def _make(self, lazy: LazyRoutes) -> None:
        waiting = [one for one in self._lazy if one[1] is lazy]
        self._lazy = [one for one in self._lazy if one[1] is not lazy]
        if not waiting:
            return  # made for the sake of another
        try:
            self.mount(lazy.plugin, lazy.routes())
        except BaseException:
            self._lazy += waiting  # whoever asks next shall get the same answer, not 404
            raise

    def make_all(self, plugin: str) -> None:
        """Mount what a plugin has left for later.

        Raises:
            RouteError: as `mount`.
            Exception: whatever making them raised.
        """
        for lazy in {one for _, one in self._lazy if one.plugin == plugin}:
            self._make(lazy)

    # ----------------------------------------------------------------------------------------------

    def unmount(self, plugin: str) -> None:
        """Take all routes of a plugin away."""
        self._lazy = [one for one in self._lazy if one[1].plugin != plugin]
        left = {key: endpoint for key, endpoint in self._mounted.items() if endpoint.plugin != plugin}
        self._mounted, self._root, self._matched = {}, _Node(), {}
        for key, endpoint in left.items():
            self._add(key, endpoint)

    def _add(self, key: Key, endpoint: Endpoint) -> None:
        self._mounted[key] = endpoint
        self._root.insert(endpoint)
        self._matched.clear()

    def match(self, method: str, segments: tuple[str, ...]) -> Match | None:
        """Return the route that answers, or None; a wrong method counts as an unknown path.

        Parameters:
            method: of HTTP; HEAD is answered by GET.
            segments: from `a_parallel_kernel.paths.segments_of`.

        Raises:
            Exception: nobody answers, but there are routes for this path that could not be made.
        """
        key = ("GET" if method == "HEAD" else method, segments)
        known = self._matched.get(key)  # pages ask for the same few paths again and again
        if known is not None:
            return known
        prevented = self._make_above(segments)
        match = self._search(*key)
        if match is None:
            if prevented is not None:
                raise prevented
            return None
        if len(self._matched) >= KEPT:
            self._matched.clear()
        self._matched[key] = match
        return match

    def _search(self, method: str, segments: tuple[str, ...]) -> Match | None:
        for endpoints in self._root.find(segments, 0):
            if method in endpoints:
                endpoint = endpoints[method]
                return Match(endpoint, MappingProxyType(endpoint.pattern.values(segments)))
        return None

    def is_public(self, segments: tuple[str, ...]) -> bool:
        """Tell whether a route answers this path, by whatever method, without credentials."""
        self._make_above(segments)
        found = self._root.find(segments, 0)
        return any(one.route.access == "public" for endpoints in found for one in endpoints.values())

    def endpoints(self) -> list[Endpoint]:
        """Return everything that is mounted, by path and method; what cannot be made is left out and logged."""
        for lazy in {one for _, one in self._lazy}:
            self._try_to_make(lazy)
        return sorted(self._mounted.values(), key=lambda one: (one.route.path, one.route.method))


def _literal_shape(path: str) -> Shape:
    pattern = parse_pattern(path)
    if pattern.parameters or path == "/":
        raise RouteError(f"{path}: a path below which all routes lie consists of literal segments")
    return pattern.shape
