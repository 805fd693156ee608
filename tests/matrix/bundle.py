"""What the bundled plugins are and what follows when some of them are off."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from a_parallel_contracts.auth import AUTHENTICATOR
from a_parallel_contracts.plugin import Manifest
from a_parallel_contracts.topics import SOCKETS
from a_parallel_kernel.discovery import find_candidates, instantiate
from a_parallel_kernel.graph import ServiceGraph

MANIFESTS: dict[str, Manifest] = {
    candidate.id: instantiate(candidate.load()).manifest
    for candidate in find_candidates()
    if candidate.distribution == "a-parallel"
}
IDS = tuple(MANIFESTS)


def expected_states(off: Collection[str]) -> dict[str, str]:
    """Return the state of every plugin when those in `off` are disabled."""
    on = {id: manifest for id, manifest in MANIFESTS.items() if id not in off}
    blocked = ServiceGraph(on, given=[SOCKETS.name]).blocked
    return {id: "disabled" if id in off else "blocked" if id in blocked else "running" for id in IDS}


def has_authenticator(states: Mapping[str, str]) -> bool:
    """Tell whether a running plugin provides the authenticator."""
    return any(AUTHENTICATOR in MANIFESTS[id].provides for id, state in states.items() if state == "running")


def routes_of(document: Mapping[str, Any], ids: Iterable[str]) -> list[tuple[str, str]]:
    """Return method and path of the routes of some plugins, parameters filled in, from an OpenAPI document."""
    wanted = set(ids)
    return [
        (method.upper(), path.replace("{", "x-").replace("}", ""))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and wanted & set(operation.get("tags", ())) and path.startswith("/api/")
    ]
