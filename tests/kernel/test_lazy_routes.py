"""Routes that are mounted with the first request below their path, and conflicts that are found all the same."""

from collections.abc import Callable, Iterable

import pytest

from a_parallel_contracts import Manifest, Plugin, PluginContext, Request, Route, get, hookimpl, post
from a_parallel_kernel.paths import RouteError
from a_parallel_kernel.router import RouteConflict, RouteTable
from a_parallel_kernel.testing import KernelFactory, RunPlugin


async def answer(request: Request) -> dict[str, bool]:
    """Say yes."""
    return {"yes": True}


class Maker:
    """Makes routes, and counts how often."""

    def __init__(self, *paths: str) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self._paths = paths

    def __call__(self) -> Iterable[Route]:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return [get(path, answer) for path in self._paths]


def found(table: RouteTable, *segments: str) -> str | None:
    match = table.match("GET", segments)
    return match.endpoint.route.path if match else None


def test_routes_are_made_once_with_the_first_request_below_their_path() -> None:
    table, make = RouteTable(), Maker("/api/late", "/api/late/{id}")
    table.mount_lazily("late", ["/api/late"], make)
    assert found(table, "api", "other") is None
    assert make.calls == 0
    assert found(table, "api", "late", "7") == "/api/late/{id}"
    assert found(table, "api", "late") == "/api/late"
    assert make.calls == 1


def test_lazy_routes_go_before_a_parameter_that_is_mounted_already() -> None:
    table = RouteTable()
    table.mount("eager", [get("/{path:path}", answer), get("/api/{kind}/{id}", answer)])
    table.mount_lazily("late", ["/api/late"], Maker("/api/late/{id}"))
    assert found(table, "api", "late", "7") == "/api/late/{id}"


def test_a_path_that_was_answered_by_another_route_is_answered_by_a_lazy_one_from_then_on() -> None:
    table = RouteTable()
    table.mount("eager", [get("/api/{kind}/{id}", answer)])
    assert found(table, "api", "late", "7") == "/api/{kind}/{id}"
    table.mount_lazily("late", ["/api/late"], Maker("/api/late/{id}"))
    assert found(table, "api", "late", "7") == "/api/late/{id}"


def test_one_make_serves_several_paths() -> None:
    table, make = RouteTable(), Maker("/api/one", "/api/two")
    table.mount_lazily("late", ["/api/one", "/api/two"], make)
    assert found(table, "api", "two") == "/api/two"
    assert found(table, "api", "one") == "/api/one"
    assert make.calls == 1


def test_whoever_asks_for_all_routes_gets_the_lazy_ones() -> None:
    table = RouteTable()
    table.mount_lazily("late", ["/api/late"], Maker("/api/late"))
    assert [one.route.path for one in table.endpoints()] == ["/api/late"]
    table.unmount("late")
    assert table.endpoints() == []


def test_routes_of_a_plugin_that_is_unmounted_are_never_made() -> None:
    table, make = RouteTable(), Maker("/api/late")
    table.mount_lazily("late", ["/api/late"], make)
    table.unmount("late")
    assert found(table, "api", "late") is None
    assert make.calls == 0


def test_a_failure_is_told_to_every_request_until_it_is_over() -> None:
    table, make = RouteTable(), Maker("/api/late")
    make.error = ImportError("no module")
    table.mount_lazily("late", ["/api/late"], make)
    for _ in range(2):
        with pytest.raises(ImportError):
            found(table, "api", "late")
    assert table.endpoints() == []  # the others' documentation does not suffer
    make.error = None
    assert found(table, "api", "late") == "/api/late"


@pytest.mark.parametrize("path", ["/api/elsewhere", "/api/latecomers"])
def test_a_route_that_lies_elsewhere_is_refused(path: str) -> None:
    table = RouteTable()
    table.mount_lazily("late", ["/api/late"], Maker(path))
    with pytest.raises(RouteError, match="does not lie below /api/late"):
        table.make_all("late")


@pytest.mark.parametrize("path", ["/", "/api/{id}", "/api/", "api", "/ws"])
def test_a_path_with_parameters_or_none_at_all_is_refused(path: str) -> None:
    with pytest.raises(RouteError):
        RouteTable().mount_lazily("late", [path], Maker())


# --- conflicts ----------------------------------------------------------------------------------------


def eager_then_lazy(table: RouteTable, paths: tuple[str, str]) -> None:
    table.mount("eager", [get(paths[0], answer)])
    table.mount_lazily("late", ["/api/late"], Maker(paths[1]))


def lazy_then_eager(table: RouteTable, paths: tuple[str, str]) -> None:
    table.mount_lazily("late", ["/api/late"], Maker(paths[0]))
    table.mount("eager", [get(paths[1], answer)])


def both_lazy(table: RouteTable, paths: tuple[str, str]) -> None:
    table.mount_lazily("first", ["/api/late"], Maker(paths[0]), "one")
    table.mount_lazily("second", ["/api/late"], Maker(paths[1]), "two")


def one_below_the_other(table: RouteTable, paths: tuple[str, str]) -> None:
    table.mount_lazily("first", ["/api"], Maker(paths[0]))
    table.mount_lazily("second", ["/api/late"], Maker(paths[1]))


WAYS = [eager_then_lazy, lazy_then_eager, both_lazy, one_below_the_other]


@pytest.mark.parametrize("mount", WAYS)
def test_a_conflict_is_found_when_the_second_plugin_is_mounted(
    mount: Callable[[RouteTable, tuple[str, str]], None],
) -> None:
    table = RouteTable()
    with pytest.raises(RouteConflict):
        mount(table, ("/api/late/{id}", "/api/late/{name}"))


@pytest.mark.parametrize("mount", WAYS)
def test_plugins_may_share_a_path_below_which_they_have_different_routes(
    mount: Callable[[RouteTable, tuple[str, str]], None],
) -> None:
    table = RouteTable()
    mount(table, ("/api/late/one", "/api/late/two"))
    assert found(table, "api", "late", "one") == "/api/late/one"
    assert found(table, "api", "late", "two") == "/api/late/two"


def test_a_plugin_is_not_to_blame_for_routes_of_another_that_cannot_be_made() -> None:
    table, broken = RouteTable(), Maker()
    broken.error = ImportError("no module")
    table.mount_lazily("broken", ["/api/late"], broken)
    table.mount("eager", [get("/api/late/mine", answer)])
    assert found(table, "api", "late", "mine") == "/api/late/mine"


def test_plugins_of_one_distribution_leave_routes_below_one_path_for_later() -> None:
    table, first, second = RouteTable(), Maker("/api/late/one"), Maker("/api/late/two")
    table.mount_lazily("first", ["/api/late"], first, "both")
    table.mount_lazily("second", ["/api/late"], second, "both")
    assert (first.calls, second.calls) == (0, 0)
    assert found(table, "api", "late", "two") == "/api/late/two"
    assert found(table, "api", "late", "one") == "/api/late/one"
    assert (first.calls, second.calls) == (1, 1)


def test_routes_that_cannot_be_made_do_not_stand_in_the_way_of_another_plugin_s() -> None:
    table, broken = RouteTable(), Maker()
    broken.error = ImportError("no module")
    table.mount_lazily("broken", ["/api/late"], broken, "both")
    table.mount_lazily("fine", ["/api/late"], Maker("/api/late/{id}", "/api/late/mine"), "both")
    assert found(table, "api", "late", "mine") == "/api/late/mine"
    assert found(table, "api", "late", "7") == "/api/late/{id}"
    with pytest.raises(ImportError):
        found(table, "api", "late", "7", "theirs")


# --- plugins ------------------------------------------------------------------------------------------


class LatePlugin(Plugin):
    """Has one route, and counts how often it is asked for it."""

    manifest = Manifest(api="1.0", routes_below=("/api/late",))
    asked = 0

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        self.asked += 1
        return [get("/api/late", answer), post("/api/late/{id}", answer)]


async def test_a_plugin_is_asked_for_its_routes_with_the_first_request(run_plugin: RunPlugin) -> None:
    client = await run_plugin(LatePlugin)
    plugin = client.kernel.kernel.supervisor.records["late"].plugin
    assert isinstance(plugin, LatePlugin)
    assert plugin.asked == 0
    assert await client.get("/api/late") == {"yes": True}
    assert await client.post("/api/late/7", json={}) == {"yes": True}
    assert plugin.asked == 1


async def test_lazy_routes_are_documented(run_plugin: RunPlugin) -> None:
    client = await run_plugin(LatePlugin)
    document = await client.acting_as("boss", "admin").get("/api/kernel/openapi.json")
    assert {"/api/late", "/api/late/{id}"} <= document["paths"].keys()


async def test_lazy_routes_go_and_come_back_with_their_plugin(kernel: KernelFactory) -> None:
    running = await kernel({"late": LatePlugin})
    for switch, status in ((None, 200), ("disable", 404), ("enable", 200)):
        if switch is not None:
            await getattr(running.kernel.supervisor, switch)("late")
        assert (await running.client.answer("GET", "/api/late")).status == status


async def test_routes_that_cannot_be_made_are_a_fault_of_the_server(kernel: KernelFactory) -> None:
    class BrokenPlugin(Plugin):
        """Raises when asked for its routes."""

        manifest = Manifest(api="1.0", routes_below=("/api/broken",))

        @hookimpl
        def routes(self, ctx: PluginContext) -> Iterable[Route]:
            raise ImportError("no module")

    client = (await kernel({"late": LatePlugin, "broken": BrokenPlugin})).client
    assert (await client.answer("GET", "/api/broken")).status == 500
    assert (await client.answer("GET", "/api/late")).status == 200
