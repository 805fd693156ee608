"""The services graph: who starts before whom, and who cannot start at all."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from a_parallel_contracts import Manifest, ServiceKey
from a_parallel_kernel.graph import ServiceGraph


def keys(names: str) -> tuple[ServiceKey[Any], ...]:
    return tuple(ServiceKey[Any](name) for name in names.split())


def manifest(requires: str = "", provides: str = "", optional: str = "") -> Manifest:
    return Manifest(api="1.0", requires=keys(requires), provides=keys(provides), optional=keys(optional))


def order(graph: ServiceGraph) -> list[str]:
    sorter, found = graph.sorter(), list[str]()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found


def test_a_provider_starts_before_whoever_requires_it() -> None:
    graph = ServiceGraph({"a": manifest(requires="db"), "b": manifest(provides="db"), "c": manifest(requires="db")})
    assert order(graph)[0] == "b"
    assert graph.dependents("b") == {"a", "c"}


def test_a_missing_service_blocks_whoever_requires_it_and_all_behind() -> None:
    graph = ServiceGraph({"a": manifest(requires="ghost", provides="x"), "b": manifest(requires="x"), "c": manifest()})
    assert graph.blocked["a"] == "needs the service ghost, which no enabled plugin provides"
    assert graph.blocked["b"] == "needs the service x of plugin a, which is blocked"
    assert order(graph) == ["c"]


def test_a_circle_blocks_its_members_only() -> None:
    graph = ServiceGraph(
        {"a": manifest("y", "x"), "b": manifest("x", "y"), "c": manifest("x"), "d": manifest(provides="z")}
    )
    assert "circular services" in graph.blocked["a"]
    assert "circular services" in graph.blocked["b"]
    assert "c" in graph.blocked
    assert order(graph) == ["d"]


def test_an_optional_service_orders_but_never_closes_a_circle() -> None:
    graph = ServiceGraph({"a": manifest(provides="x", optional="y"), "b": manifest(provides="y", optional="x")})
    assert graph.blocked == {}
    assert sorted(order(graph)) == ["a", "b"]


def test_a_service_has_one_provider() -> None:
    graph = ServiceGraph({"a": manifest(provides="x"), "b": manifest(provides="x")})
    assert graph.blocked == {"b": "service x is already provided by a; disable one of the two"}


def test_the_kernels_own_services_are_there() -> None:
    graph = ServiceGraph({"a": manifest(requires="sockets")}, given=["sockets"])
    assert order(graph) == ["a"]


services = st.lists(st.sampled_from("pqrst"), max_size=3).map(lambda names: " ".join(dict.fromkeys(names)))


@given(st.dictionaries(st.sampled_from("abcdefg"), st.builds(manifest, services, services, services)))
def test_every_plugin_is_either_blocked_or_started_after_what_it_requires(manifests: dict[str, Manifest]) -> None:
    graph = ServiceGraph(manifests)
    started = order(graph)
    assert sorted([*started, *graph.blocked]) == sorted(manifests)
    for position, id in enumerate(started):
        assert graph.requirements(id) <= set(started[:position])
