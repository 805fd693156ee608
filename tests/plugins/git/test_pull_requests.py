"""Pull requests over HTTP (``http-core.md`` §7.5), against a stand-in of GitHub's API and of ``gh``."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.git.github import Slug, remote_slug, web_address
from tests.plugins.git.test_commit import Profiles
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree

ASKED = web.AppKey("asked", list[tuple[str, str, Any]])


@pytest.fixture
def open_shop(kernel: KernelFactory, tmp_path: Path) -> OpenShop:
    return OpenShop(kernel, tmp_path)


@pytest.fixture
async def github() -> AsyncIterator[TestServer]:
    """GitHub Enterprise, in small."""

    async def repository(request: web.Request) -> web.Response:
        return web.json_response({"default_branch": "trunk"})

    async def pulls(request: web.Request) -> web.Response:
        body = await request.json()
        request.app[ASKED].append((request.path, request.headers["Authorization"], body))
        if body["title"] == "fail":
            errors = [{"message": "No commits between main and x"}, "odd"]
            return web.json_response({"message": "Validation Failed", "errors": errors}, status=422)
        if body["title"] == "html":
            return web.Response(text="<html>", status=502)
        return web.json_response({"html_url": "https://github.example/o/r/pull/7"}, status=201)

    app = web.Application()
    app[ASKED] = []
    app.router.add_get("/api/v3/repos/o/r", repository)
    app.router.add_post("/api/v3/repos/o/r/pulls", pulls)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def shop(open_shop: OpenShop, github: TestServer, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(Profiles, "token", "secret-token")
    api = f"http://127.0.0.1:{github.port}/api/v3"
    shop = await open_shop(plugins={"profiles": Profiles}, settings={"plugins.git.github_api": api})
    shop.repository.git("remote", "set-url", "origin", "git@127.0.0.1:o/r.git")
    return shop


async def test_a_pull_request_is_opened_with_the_token_of_the_user(shop: Shop, github: TestServer) -> None:
    thread = await shop.thread(base="develop")
    body = {"title": "My PR", "body": ""}
    answer = await shop.client.post(f"/api/git/{thread.id}/pr", json=body)
    assert answer == {"ok": True, "url": "https://github.example/o/r/pull/7"}
    assert github.app is not None
    expected = {"title": "My PR", "body": "", "head": thread.branch, "base": "develop"}
    assert github.app[ASKED] == [("/api/v3/repos/o/r/pulls", "Bearer secret-token", expected)]


async def test_the_password_in_a_netrc_does_not_get_in_the_way(shop: Shop, github: TestServer, home: Path) -> None:
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    netrc.chmod(0o600)
    thread = await shop.thread()
    await shop.client.post(f"/api/git/{thread.id}/pr", json={"title": "x", "body": ""})
    assert github.app is not None
    assert [authorization for _, authorization, _ in github.app[ASKED]] == ["Bearer secret-token"]


async def test_a_proxy_of_the_environment_is_used(
    shop: Shop, github: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    thread = await shop.thread()
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "x", "body": ""})
    assert (code, "cannot be reached" in text) == (424, True)
    assert github.app is not None
    assert github.app[ASKED] == []


async def test_without_a_base_the_default_branch_of_the_repository_counts(shop: Shop, github: TestServer) -> None:
    thread = await shop.thread(base=None)
    await shop.client.post(f"/api/git/{thread.id}/pr", json={"title": "x", "body": "y"})
    assert github.app is not None
    assert github.app[ASKED][0][2]["base"] == "trunk"


async def test_what_github_refuses_is_told(shop: Shop) -> None:
    thread = await shop.thread()
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "fail", "body": ""})
    assert (code, text) == (400, "GitHub refused: Validation Failed; No commits between main and x")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "html", "body": ""})
    assert (code, text) == (400, "GitHub refused: status 502")


async def test_a_github_that_is_not_there_is_424(shop: Shop, github: TestServer) -> None:
    thread = await shop.thread()
    await github.close()
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "x", "body": ""})
    assert (code, "cannot be reached" in text, "secret-token" in text) == (424, True, False)


@pytest.mark.parametrize(
    "body", [{"title": "", "body": ""}, {"title": "x"}, {"body": ""}, {"title": "x", "body": None}]
)
async def test_bad_bodies_are_refused(shop: Shop, body: Any) -> None:
    thread = await shop.thread()
    assert (await shop.refused("POST", f"/api/git/{thread.id}/pr", body))[0] == 400


async def test_a_detached_head_has_no_pull_request(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).git("checkout", "--quiet", "--detach")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "x", "body": ""})
    assert (code, "detached" in text) == (400, True)


def gh(directory: Path, script: str) -> None:
    directory.mkdir()
    program = directory / "gh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


async def test_without_a_token_gh_is_used(open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Profiles, "token", None)
    gh(tmp_path / "bin", 'printf "%s\\n" "$PWD" "$@" > "$HOME/asked"; echo https://github.example/o/r/pull/8')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    shop = await open_shop(plugins={"profiles": Profiles})
    thread = await shop.thread()
    answer = await shop.client.post(f"/api/git/{thread.id}/pr", json={"title": "--web", "body": "b"})
    assert answer == {"ok": True, "url": "https://github.example/o/r/pull/8"}
    asked = (tmp_path / "home" / "asked").read_text().splitlines()
    options = ["--title=--web", "--body=b", f"--head={thread.branch}", "--base=main"]
    assert asked == [str(thread.worktree_path), "pr", "create", *options]


async def test_what_gh_refuses_is_told(open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gh(tmp_path / "bin", "echo pull request create failed: simulated >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    shop = await open_shop()
    thread = await shop.thread()
    refused = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "x", "body": ""})
    assert refused == (400, "pull request create failed: simulated")


async def test_without_token_and_gh_it_says_what_to_do(
    open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    git_path = next(p for p in ("/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git") if Path(p).exists())
    (tmp_path / "bin" / "git").symlink_to(git_path)
    shop = await open_shop()
    thread = await shop.thread()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/pr", {"title": "x", "body": ""})
    assert (code, "token" in text, "gh" in text) == (424, True, True)


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://github.com/o/r.git", Slug("github.com", "o", "r")),
        ("https://user:pw@GitHub.com/o/r", Slug("github.com", "o", "r")),
        ("git@github.com:o/r.git", Slug("github.com", "o", "r")),
        ("github.com:o/r.name", Slug("github.com", "o", "r.name")),
        ("ssh://git@ssh.github.com:443/o/r.git", Slug("github.com", "o", "r")),
        ("https://ghe.example:8443/o/r/", Slug("ghe.example", "o", "r")),
        ("/srv/git/r.git", None),
        ("../r", None),
        ("file:///srv/git/o/r", None),
        ("https://gitlab.com/a/b/c", None),
        ("https://github.com/o", None),
    ],
)
def test_addresses_of_remotes(url: str, slug: Slug | None) -> None:
    assert remote_slug(url) == slug


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://ghe.example/api/v3", "https://ghe.example"),
        ("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_behind_an_api(api: str, web: str) -> None:
    assert web_address(api) == web
