"""Static files of plugins: served by type, and nothing outside of their directory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_contracts import FileResponse, Request, get
from tests.kernel.serving import Served, serving


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    (tmp_path / "secret.txt").write_text("secret")
    files = tmp_path / "files"
    (files / "assets").mkdir(parents=True)
    (files / "index.html").write_text("<p>index</p>")
    (files / "assets" / "app.js").write_text("let x = 1")
    (files / "assets" / "a b.css").write_text("p {}")
    (files / "out.txt").symlink_to(tmp_path / "secret.txt")
    (files / "in.txt").symlink_to(files / "index.html")
    (files / "loop").symlink_to(files / "loop")
    async with serving() as running:
        running.server.mount("notes", [], static=files)
        running.server.mount("web", [get("/{rest:path}", spa, access="public")])
        yield running


async def spa(request: Request) -> str:
    return "spa"


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/plugins/notes/index.html", "text/html; charset=utf-8", b"<p>index</p>"),
        ("/plugins/notes/", "text/html; charset=utf-8", b"<p>index</p>"),
        ("/plugins/notes/assets/app.js", "text/javascript; charset=utf-8", b"let x = 1"),
        ("/plugins/notes/assets/a%20b.css", "text/css; charset=utf-8", b"p {}"),
        ("/plugins/notes/in.txt", "text/html; charset=utf-8", b"<p>index</p>"),
    ],
)
async def test_files_are_public_and_typed_by_extension(
    served: Served, path: str, content_type: str, body: bytes
) -> None:
    status, headers, found = await served.get_raw(path)
    assert (status, headers["content-type"], found) == (200, content_type, body)
    assert headers["x-frame-options"] == "sameorigin"
    assert "cache-control" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/plugins/notes/missing.js",
        "/plugins/notes/assets",
        "/plugins/notes/../../secret.txt",
        "/plugins/notes/%2e%2e/secret.txt",
        "/plugins/notes/..%2fsecret.txt",
        "/plugins/notes/%2e%2e%2fsecret.txt",
        "/plugins/notes/assets/../../../secret.txt",
        "/plugins/notes/./index.html",
        "/plugins/notes//etc/passwd",
        "/plugins/notes/out.txt",
        "/plugins/notes/loop",
        "/plugins/notes/index.html%00",
        "/plugins/notes/%ff",
        "/plugins/notes/" + "x" * 5000,
        "/plugins/other/index.html",
        "/plugins/../notes/index.html",
        "/plugins/%2e%2e/notes/index.html",
    ],
)
async def test_nothing_else_is_found_and_the_fallback_does_not_answer(served: Served, path: str) -> None:
    status, _, body = await served.get_raw(path)
    assert status == 404
    assert b"secret" not in body


async def test_only_get_and_head(served: Served) -> None:
    assert (await served.call("POST", "/plugins/notes/index.html")).status == 404
    head = await served.call("HEAD", "/plugins/notes/index.html")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "12", b"")


async def test_conditions_and_ranges(served: Served) -> None:
    first = await served.call("GET", "/plugins/notes/index.html")
    again = await served.call("GET", "/plugins/notes/index.html", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    part = await served.call("GET", "/plugins/notes/index.html", headers={"Range": "bytes=3-7"})
    assert (part.status, part.body) == (206, b"index")


async def test_files_go_with_their_plugin(served: Served) -> None:
    served.server.unmount("notes")
    assert (await served.call("GET", "/plugins/notes/index.html")).status == 404


async def test_a_handler_may_answer_with_a_file(served: Served, tmp_path: Path) -> None:
    async def send(request: Request) -> FileResponse:
        return FileResponse(tmp_path / request.params["name"], headers={"Cache-Control": "no-store"})

    served.server.mount("more", [get("/api/file/{name}", send)])
    answer = await served.call("GET", "/api/file/secret.txt")
    assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (200, b"secret", "no-store")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert await served.json("GET", "/api/file/missing") == (404, {"error": "Not found"})
