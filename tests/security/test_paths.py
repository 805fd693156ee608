"""Every field of every route, filled with what leads out of where one may be: nothing outside is read or touched."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_asyncio import fixture

from tests.security.attacks import BROKEN, CANARY, SCRIPT, attack, fields, paths
from tests.security.house import House, Person, open_house
from tests.security.samples import Operation, Sample
from tests.security.state import State, differences, files

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE = 8


@fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server beside a directory that nobody may see, though links in alice's project lead there."""
    directory = tmp_path_factory.mktemp("house")
    outside = directory / "outside"
    outside.mkdir()
    (outside / "canary.txt").write_text(CANARY)
    (outside / CANARY).mkdir()
    build = directory / "build"
    build.mkdir()
    (build / "index.html").write_text("<title>page</title>")
    (build / "link").symlink_to(outside)
    clients = {"plugins.web.directory": str(build), "plugins.github.clone_roots": [str(directory / "work")]}
    async with open_house(directory, _cli(directory), **clients) as opened:
        (Path(opened.things["project_path"]) / "link").symlink_to(outside)
        yield opened


def _cli(directory: Path) -> Path:
    """Return a CLI that refuses everything, in less time than it takes to start Python."""
    program = directory / "cli"
    program.write_text('#!/bin/sh\ncase "$1" in --version) echo 2.1.42 ;; *) exit 1 ;; esac\n')
    program.chmod(0o755)
    return program


def outside_of(house: House) -> Path:
    return house.work.parent / "outside"


def beyond(house: House) -> State:
    """Return everything that no request of alice's has any business to change."""
    found = files(outside_of(house))
    return {**found, **{str(one): "there" for one in house.work.parent.iterdir()}}


async def sweep(house: House, person: Person, operations: list[Operation]) -> list[str]:
    """Send every attack at every field of `operations` and return what went wrong."""
    values = paths(Path(house.things["project_path"]), outside_of(house))
    samples = [
        (f"{operation.name} {'.'.join(field.name)}={value[:60]!r}", attack(operation, field, value, house.things))
        for operation in operations
        for field in fields(operation)
        for value in (values if field.names_a_place else BROKEN)
    ]
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, sample: Sample) -> str:
        async with limit:
            answer = await house.call(person, sample)
        page = answer.headers["Content-Type"].startswith("text/html") and SCRIPT.encode() in answer.body
        fooled = page or CANARY.encode() in answer.body or "X-Injected" in answer.headers
        return f"{name}: {answer.status} {answer.body[:200]!r}" if fooled or answer.status >= 500 else ""

    return [wrong for wrong in await asyncio.gather(*(one(*pair) for pair in samples)) if wrong]


@pytest.mark.timeout(300)
async def test_nothing_outside_is_read_written_or_listed(house: House) -> None:
    before = beyond(house)
    alice, admin = house.people["alice"], house.people["admin"]
    users = [operation for operation in house.operations if alice.may(operation) and operation.scope != "admin"]
    others = [operation for operation in house.operations if operation not in users and admin.may(operation)]
    wrong = [*await sweep(house, alice, users), *await sweep(house, admin, others)]
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, beyond(house))), "\n".join(changed)
    for path in ("/api/projects/{project}/branches", "/api/threads/{thread}", "/api/automations/{automation}"):
        await house.must("alice", "GET", path.format(**house.things))  # else nothing was attacked


@pytest.mark.parametrize("where", ["", "/link", "/../outside", "/../../outside", "/README.md", "/link/canary.txt"])
async def test_terminals_open_in_ones_own_projects_alone(house: House, where: str) -> None:
    async with house.socket(house.people["alice"]) as socket:
        await socket.send("pty:spawn", {"id": "t", "cwd": f"{house.things['project_path']}{where}"})
        await socket.send("pty:write", {"id": "t", "data": "echo /op''en/; exit\r"})
        await socket.receive("pty:exit", ptyId="t")
        shown = "".join(frame["data"].get("data", "") for frame in socket.frames)
        assert ("/open/" in shown) == (where == "")


@pytest.mark.parametrize(
    "path",
    [
        "/../outside/canary.txt",
        "/..%2foutside/canary.txt",
        "/%2e%2e/outside/canary.txt",
        "/link/canary.txt",
        "//link/canary.txt",
        "/.%2e/outside/canary.txt",
        "/plugins/web/../../outside/canary.txt",
        "/..%5coutside/canary.txt",
        "/%252e%252e/outside/canary.txt",
        "/link%2fcanary.txt",
        "/\0/../link/canary.txt",
    ],
)
async def test_a_built_client_shows_only_its_own_files(house: House, path: str) -> None:
    port = int(house.running.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert CANARY.encode() not in answer and answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200", b"HTTP/1.0 4"))
