"""Orders plugins by the services they need and offer."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from a_parallel_contracts.plugin import Manifest


class ServiceGraph:
    """Who must be there before whom.

    Parameters:
        manifests: of the enabled plugins, by id.
        given: services that the kernel provides itself.
    """

    def __init__(self, manifests: Mapping[str, Manifest], given: Iterable[str] = ()) -> None:
        self._manifests = dict(manifests)
        self._given = set(given)
        self.providers: dict[str, str] = {}
        self.blocked: dict[str, str] = {}
        self._name_providers()
        self._block_unfulfilled()
        self._block_cycles()

    def _name_providers(self) -> None:
        for id, manifest in self._manifests.items():
            for key in manifest.provides:
                taken = "the kernel" if key.name in self._given else self.providers.get(key.name)
                if taken:
                    self.blocked[id] = f"service {key} is already provided by {taken}; disable one of the two"
                else:
                    self.providers[key.name] = id

    def _block_unfulfilled(self) -> None:
        before = -1
        while before != len(self.blocked):
            before = len(self.blocked)
            for id in self._manifests.keys() - self.blocked.keys():
                reason = self.missing(id)
                if reason:
                    self.blocked[id] = reason

    def missing(self, id: str) -> str | None:
        """Return why the plugin's requirements are not met, or None."""
        for key in self._manifests[id].requires:
            provider = self.providers.get(key.name)
            if key.name in self._given:
                continue
            if provider is None:
                return f"needs the service {key}, which no enabled plugin provides"
            if provider in self.blocked:
                return f"needs the service {key} of plugin {provider}, which is blocked"
        return None

    def _block_cycles(self) -> None:
        while True:
            try:
                TopologicalSorter(self._required()).prepare()
            except CycleError as error:
                cycle = error.args[1]
                for id in set(cycle):
                    self.blocked[id] = f"circular services: {' needs '.join(reversed(cycle))}"
                self._block_unfulfilled()
            else:
                return

    def _required(self) -> dict[str, set[str]]:
        return {id: self.requirements(id) for id in self._manifests if id not in self.blocked}

    def requirements(self, id: str) -> set[str]:
        """Return the plugins whose services `id` requires."""
        names = (key.name for key in self._manifests[id].requires)
        return {self.providers[name] for name in names if name in self.providers} - {id}

    def dependents(self, id: str) -> set[str]:
        """Return the plugins that require a service of `id`, directly or not."""
        found: set[str] = set()
        grown = True
        while grown:
            more = {other for other in self._manifests if self.requirements(other) & ({id} | found)} - found - {id}
            found |= more
            grown = bool(more)
        return found

    def sorter(self) -> "TopologicalSorter[str]":
        """Return a prepared sorter over all plugins that can start.

        An optional service orders two plugins only as long as that closes no circle.
        """
        edges = self._required()
        for id in sorted(edges):
            for key in self._manifests[id].optional:
                provider = self.providers.get(key.name)
                if provider in edges and provider != id and not _reaches(edges, provider, id):
                    edges[id].add(provider)
        sorter = TopologicalSorter(edges)
        sorter.prepare()
        return sorter


def _reaches(edges: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node == goal:
            return True
        if node not in seen:
            seen.add(node)
            waiting.extend(edges.get(node, ()))
    return False
