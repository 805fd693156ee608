"""Bodies that do not fit are refused with 4xx and change nothing."""

import json
from pathlib import Path
from typing import Any

import aiohttp

from tests.contract.client import Client
from tests.contract.wire import raw_request, request
from tests.support.database import dump
from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server

MALFORMED = ["", "{", "]", "null", "[]", '"x"', "5", "true", '{"a": 1,}', "NaN", '{"projectId": "\\ud800"}', "\x00"]

WRONG: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("POST", "/api/projects"): [
        {"name": 5, "path": "<repository>"},
        {"name": None, "path": "<repository>"},
        {"name": "x", "path": ["<repository>"]},
        {"name": "x"},
        {"name": "", "path": "<repository>"},
        {"name": "x", "path": ""},
        {"name": "x", "path": "relative"},
        {"name": "x", "path": "/\x00"},
        {"name": "x", "path": "/nowhere/at/all"},
    ],
    ("PATCH", "/api/projects/<project>"): [{"name": 5}, {"name": ""}, {"name": None}, {"color": "red"}, {"color": 7}],
    ("PUT", "/api/projects/reorder"): [{}, {"projectIds": []}, {"projectIds": "x"}, {"projectIds": [1]}],
    ("POST", "/api/threads"): [
        {"projectId": "<project>", "mode": "local"},
        {"projectId": "<project>", "mode": "local", "prompt": ""},
        {"projectId": "<project>", "mode": "local", "prompt": "   "},
        {"projectId": "<project>", "mode": "local", "prompt": 5},
        {"projectId": "<project>", "mode": "cloud", "prompt": "x"},
        {"projectId": "<project>", "prompt": "x"},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "model": "gpt"},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "permissionMode": "yolo"},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "title": None},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "images": "none"},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "images": [{"type": "image"}]},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "allowedTools": "Read"},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "fileReferences": [{"path": ""}]},
        {"projectId": "<project>", "mode": "local", "prompt": "x", "fileReferences": [{"path": "a"}] * 21},
        {"projectId": "<project>", "mode": "worktree", "prompt": "x", "baseBranch": "no-such-branch"},
        {"projectId": "<project>", "mode": "worktree", "prompt": "x", "baseBranch": "--help"},
        {"projectId": "<project>", "mode": "worktree", "prompt": "x", "baseBranch": 5},
        {"projectId": "nope", "mode": "local", "prompt": "x"},
        {"projectId": "", "mode": "local", "prompt": "x"},
        {"projectId": 5, "mode": "local", "prompt": "x"},
    ],
    ("POST", "/api/threads/idle"): [
        {"projectId": "<project>", "mode": "local"},
        {"projectId": "<project>", "mode": "local", "title": ""},
        {"projectId": "<project>", "mode": "local", "title": 5},
        {"projectId": "nope", "mode": "local", "title": "x"},
        {"projectId": "<project>", "mode": "worktree", "title": "x", "baseBranch": "no-such-branch"},
    ],
    ("POST", "/api/threads/<thread>/message"): [
        {"content": ""},
        {"content": "  "},
        {"content": 5},
        {"content": None},
        {"content": "x", "model": "gpt"},
        {"content": "x", "permissionMode": ""},
        {"content": "x", "images": [{}]},
        {"content": "x", "disallowedTools": [1]},
    ],
    ("POST", "/api/threads/<thread>/approve-tool"): [
        {"toolName": "", "approved": True},
        {"toolName": "Bash", "approved": "yes"},
        {"toolName": 5, "approved": True},
        {"approved": True},
    ],
    ("PATCH", "/api/threads/<thread>"): [
        {"archived": "yes"},
        {"archived": 1},
        {"archived": None},
        {"pinned": "x"},
        {"stage": "archived"},
        {"stage": 5},
    ],
    ("POST", "/api/worktrees"): [
        {},
        {"projectId": "<project>", "branchName": "", "baseBranch": "main"},
        {"projectId": "<project>", "branchName": "x", "baseBranch": ""},
        {"projectId": "<project>", "branchName": "..", "baseBranch": "main"},
        {"projectId": "<project>", "branchName": "-x", "baseBranch": "main"},
        {"projectId": "<project>", "branchName": "a b", "baseBranch": "main"},
        {"projectId": "<project>", "branchName": "main", "baseBranch": "main"},
        {"projectId": "<project>", "branchName": "x", "baseBranch": "no-such-branch"},
        {"projectId": "<project>", "branchName": 5, "baseBranch": "main"},
        {"projectId": "nope", "branchName": "x", "baseBranch": "main"},
    ],
    ("DELETE", "/api/worktrees"): [
        {},
        {"projectId": "<project>", "worktreePath": ""},
        {"projectId": "<project>", "worktreePath": "<repository>"},
        {"projectId": "<project>", "worktreePath": "/etc"},
        {"projectId": "<project>", "worktreePath": "../.."},
        {"projectId": "nope", "worktreePath": "/x"},
    ],
}
"""What each route must refuse; placeholders as in the recordings."""


class Scene:
    """A server with one project and one finished thread."""

    def __init__(self, server: Server, values: dict[str, str]) -> None:
        self.server = server
        self.values = values
        self.headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}

    def fill(self, text: str) -> str:
        """Put the real ids and paths in place of the placeholders."""
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text


async def make_scene(server: Server, directory: Path) -> Scene:
    repository = make_repository(directory / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "hello", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until_status(thread, "completed")
    return Scene(server, {"<project>": project, "<thread>": thread, "<repository>": str(repository.path)})


async def test_bodies_of_the_wrong_type_or_value(server: Server, tmp_path: Path) -> None:
    scene = await make_scene(server, tmp_path)
    before = dump(server.data_directory)
    for (method, path), bodies in WRONG.items():
        for body in bodies:
            answer = request(server.base_url, method, scene.fill(path), scene.headers, scene.fill(json.dumps(body)))
            what = f"{method} {path} {body}: {answer.status} {answer.text}"
            assert 400 <= answer.status < 500, what
            assert answer.body["json"]["error"].strip(), what
            assert dump(server.data_directory) == before, what
    await server.until_leftovers(0)
    assert not (tmp_path / ".a-parallel-worktrees").exists()


async def test_malformed_bodies(server: Server, tmp_path: Path) -> None:
    scene = await make_scene(server, tmp_path)
    before = dump(server.data_directory)
    for body in MALFORMED:
        for method, path in WRONG:
            answer = request(server.base_url, method, scene.fill(path), scene.headers, body)
            what = f"{method} {path} {body!r}: {answer.status} {answer.text}"
            assert 400 <= answer.status < 500, what
            assert answer.body["json"]["error"].strip(), what
        assert dump(server.data_directory) == before, repr(body)


async def test_a_body_that_is_no_utf8(server: Server, tmp_path: Path) -> None:
    scene = await make_scene(server, tmp_path)
    before = dump(server.data_directory)
    body = b'{"name": "\xff\xfe", "path": "/x"}'
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/api/projects", data=body, headers=scene.headers) as response,
    ):
        assert response.status == 400
        assert (await response.json())["error"]
    assert dump(server.data_directory) == before


async def test_an_oversized_body_is_refused_before_it_is_read(server_factory: ServerFactory, tmp_path: Path) -> None:
    server = await server_factory(config="[server]\nmax_body = 100000\n").start()
    scene = await make_scene(server, tmp_path)
    before = dump(server.data_directory)
    body = json.dumps({"projectId": scene.values["<project>"], "mode": "local", "prompt": "x" * 200_000})
    answer = request(server.base_url, "POST", "/api/threads", scene.headers, body)
    assert answer.status == 413
    assert answer.body["json"]["error"]
    announced = (
        f"POST /api/threads HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n{"
    )
    assert raw_request(server.base_url, announced.encode()).status == 413
    assert dump(server.data_directory) == before
    await server.stop()


async def test_a_large_body_within_the_limit_is_taken(server: Server, tmp_path: Path) -> None:
    scene = await make_scene(server, tmp_path)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 20_000_000}}
    body = json.dumps({"content": "echo", "images": [image]})
    path = scene.fill("/api/threads/<thread>/message")
    assert request(server.base_url, "POST", path, scene.headers, body).status == 200
    async with Client(server.base_url) as page:
        thread = scene.values["<thread>"]
        shown = await page.load_thread(thread)
        await page.until_status(thread, "completed")
        assert [message.images for message in shown.messages if message.role == "user"] == [0, 1]
