"""The web client, or the page in its place, through HTTP."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from a_parallel_kernel.testing import KernelFactory, RunPlugin
from a_parallel_plugins.web import WebPlugin

INDEX = b"<!doctype html><title>client</title>"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_bytes(INDEX)
    (root / "assets" / "app.js").write_text("export const a = 1;")
    (root / "assets" / "app.css").write_text("a{}")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "leak.txt").symlink_to(tmp_path / "secret.txt")
    return root


@pytest.fixture(autouse=True)
def _not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whether this machine has built the client must not matter."""
    monkeypatch.setattr("a_parallel_plugins.web.routes.BUILT", tmp_path / "not-built")


@pytest.fixture
async def client(run_plugin: RunPlugin, built: Path) -> Any:
    return (await run_plugin(WebPlugin, settings={"directory": built})).acting_as(None)


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/", "text/html; charset=utf-8", INDEX),
        ("/index.html", "text/html; charset=utf-8", INDEX),
        ("/assets/app.js", "text/javascript; charset=utf-8", b"export const a = 1;"),
        ("/assets/app.css", "text/css; charset=utf-8", b"a{}"),
    ],
)
async def test_files_are_sent_with_their_type(client: Any, path: str, kind: str, body: bytes) -> None:
    answer = await client.answer("GET", path)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, kind, body)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/projects/abc",
        "/projects/abc/threads",
        "/projects/abc/threads/def",
        "/projects/abc/settings/general",
        "/settings/general",
        "/inbox",
        "/search",
        "/analytics",
        "/assets/none.js",
        "/favicon.ico",
        "/leak.txt",
        "/apis",
    ],
)
async def test_every_other_path_is_the_page_of_the_client(client: Any, path: str) -> None:
    answer = await client.answer("GET", path)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, "text/html; charset=utf-8", INDEX)
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


async def test_head_answers_like_get_without_the_body(client: Any) -> None:
    for path in ("/", "/assets/app.js", "/inbox"):
        head, full = await client.answer("HEAD", path), await client.answer("GET", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Type"] == full.headers["Content-Type"]
        assert head.headers["Content-Length"] == full.headers["Content-Length"]


async def test_a_part_of_a_file_can_be_asked_for(client: Any) -> None:
    answer = await client.answer("GET", "/assets/app.js", headers={"Range": "bytes=0-5"})
    assert (answer.status, answer.body) == (206, b"export")


@pytest.mark.parametrize("path", ["/api/unknown", "/api", "/api/", "/plugins", "/plugins/none", "/plugins/none/x.js"])
async def test_the_servers_own_paths_are_never_the_clients(client: Any, path: str) -> None:
    answer = await client.kernel.client.answer("GET", path)
    assert answer.status == 404
    assert INDEX not in answer.body


async def test_only_reading_is_possible(client: Any) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await client.answer(method, "/inbox")).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/..%5csecret.txt",
        "/%00",
        "/%ff",
        "/" + "x" * 5000,
    ],
)
async def test_no_path_leaves_the_directory(client: Any, path: str) -> None:
    url = URL(f"{client.kernel.url}{path}", encoded=True)
    async with client.kernel.session.get(url) as response:
        body = await response.read()
    assert response.status in (200, 404)
    assert b"secret" not in body
    assert b"root:" not in body
    assert response.status == 404 or body == INDEX


async def test_without_a_client_the_page_says_what_runs_and_how_to_go_on(run_plugin: RunPlugin) -> None:
    client = (await run_plugin(WebPlugin)).acting_as(None)
    answer = await client.answer("GET", "/")
    text = answer.body.decode()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for expected in (client.kernel.url, "/api/health", "A_PARALLEL_WEB_DIRECTORY", "auth-token", "a-parallel demo"):
        assert expected in text
    assert str(client.kernel.kernel.config.server.data_directory) not in text
    assert (await client.answer("HEAD", "/")).body == b""


async def test_the_page_allows_nothing_but_its_own_style(run_plugin: RunPlugin) -> None:
    client = (await run_plugin(WebPlugin)).acting_as(None)
    answer = await client.answer("GET", "/")
    text = answer.body.decode()
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "unsafe" not in policy
    assert "<script" not in text
    assert not re.search(r"\son\w+=|style=", text)
    assert not re.search(r"(?:src|href)=\"https?:", text)
    assert "$" not in re.sub(r"\$\(cat|\$TOKEN", "", text)


@pytest.mark.parametrize("path", ["/inbox", "/favicon.ico"])
async def test_without_a_client_other_paths_are_not_found_but_say_the_same(run_plugin: RunPlugin, path: str) -> None:
    client = (await run_plugin(WebPlugin)).acting_as(None)
    answer = await client.answer("GET", path)
    assert answer.status == 404
    assert b"a-parallel demo" in answer.body


async def test_a_directory_without_a_client_is_named_in_the_log_and_the_health_but_not_on_the_page(
    kernel: KernelFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "empty").mkdir()
    running = await kernel({"web": WebPlugin}, settings={"plugins.web.directory": tmp_path / "empty"})
    answer = await running.client.acting_as(None).answer("GET", "/")
    assert b"holds no <code>index.html</code>" in answer.body
    assert str(tmp_path).encode() not in answer.body
    assert f"no index.html in {tmp_path / 'empty'}" in caplog.text
    (tmp_path / "empty" / "index.html").write_bytes(INDEX)
    assert (await running.client.acting_as(None).answer("GET", "/inbox")).body == INDEX
