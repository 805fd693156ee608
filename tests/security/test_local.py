"""Every route in local mode: the one token opens everything, and nothing else opens anything."""

from collections.abc import AsyncIterator

import pytest
from pytest_asyncio import fixture

from a_parallel_kernel.discovery import find_candidates
from a_parallel_kernel.testkit import Client, RunningKernel
from tests.security.house import link_programs, surround
from tests.security.samples import UNKNOWN, Operation, operations
from tests.security.state import State, differences, whole
from tests.support.server import STANDIN

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN_FILE = "auth-token"


@fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningKernel]:
    """A server with every plugin, in local mode."""
    directory = tmp_path_factory.mktemp("local")
    for name in ("home", "bin"):
        (directory / name).mkdir()
    link_programs(directory / "bin", STANDIN)
    with pytest.MonkeyPatch.context() as patch:
        surround(patch, directory / "home", directory / "bin")
        installed = tuple(candidate.id for candidate in find_candidates())
        nowhere = {"plugins.skills.github": f"file://{directory}/nowhere"}
        running = await RunningKernel.start(
            {}, directory / "data", installed=installed, authenticate=False, settings=nowhere
        )
        running.client = Client(running, (directory / "data" / TOKEN_FILE).read_text())
        yield running
        await running.stop()


def state_of(server: RunningKernel) -> State:
    data = server.kernel.config.server.data_directory
    return whole(data, [data.parent / "home"])


async def all_operations(server: RunningKernel) -> list[Operation]:
    return list(operations(await server.client.get("/api/kernel/openapi.json")))


async def credentials(server: RunningKernel, name: str) -> dict[str, str]:
    """Return headers that look like credentials and are none, at least not on most routes."""
    token = (server.kernel.config.server.data_directory / TOKEN_FILE).read_text()
    answer = await server.client.acting_as(None).answer("GET", "/api/auth/token")
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return {
        "nothing": {},
        "wrong": {"Authorization": f"Bearer {'0' * 64}"},
        "lower case": {"Authorization": f"bearer {token}"},
        "basic": {"Authorization": f"Basic {token}"},
        "another header": {"X-Auth-Token": token},
        "token as cookie": {"Cookie": f"token={token}; better-auth.session_token={token}"},
        "cookie for opening": {"Cookie": cookie},
        "cookie on another site's page": {"Cookie": cookie, "Origin": "https://evil.example"},
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "wrong",
        "lower case",
        "basic",
        "another header",
        "token as cookie",
        "cookie for opening",
        "cookie on another site's page",
    ],
)
async def test_without_the_token_no_route_opens(server: RunningKernel, name: str) -> None:
    headers, stranger = await credentials(server, name), server.client.acting_as(None)
    before, wrong = state_of(server), []
    for operation in await all_operations(server):
        if operation.access != "public":
            sample = operation.request(Anything())
            answer = await stranger.answer(sample.method, sample.path, json=sample.body, headers=headers)
            refused = answer.status == 401 and answer.json["error"] == "Unauthorized"
            wrong += [] if refused else [f"{operation.name}: {answer.status} {answer.body[:200]!r}"]
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, state_of(server))), "\n".join(changed)


async def test_the_token_in_an_address_opens_no_route(server: RunningKernel) -> None:
    token = (server.kernel.config.server.data_directory / TOKEN_FILE).read_text()
    answer = await server.client.acting_as(None).answer("GET", f"/api/projects?token={token}")
    assert answer.status == 401


async def test_with_the_token_every_route_opens(server: RunningKernel) -> None:
    wrong = []
    for operation in await all_operations(server):
        sample = operation.request(Anything())
        answer = await server.client.answer(sample.method, sample.path, json=sample.body)
        wrong += [f"{operation.name}: {answer.status}"] if answer.status == 401 or answer.status >= 500 else []
    assert not wrong, "\n".join(wrong)


class Anything(dict[str, str]):
    """Whatever kind of thing is asked for, nobody has it."""

    def __missing__(self, kind: str) -> str:
        return f"/nowhere/{UNKNOWN}" if kind.endswith("path") or kind == "repository" else UNKNOWN
