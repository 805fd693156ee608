"""Commit and push over HTTP (``http-core.md`` §7.4 and §7.8)."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.git import GIT, GitHooks, Identity
from a_parallel_contracts.threads import Thread
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.git.commit import credential_arguments
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree


class Profiles(Plugin, GitHooks):
    """Knows who people are."""

    manifest = Manifest(api="1.0", requires=(GIT,))
    identity: Identity | None = Identity("Änna", "anna@example.invalid")
    token: str | None = None

    @hookimpl
    async def git_identity(self, ctx: PluginContext, user_id: str) -> Identity | None:
        return self.identity

    @hookimpl
    async def github_token(self, ctx: PluginContext, user_id: str) -> str | None:
        return self.token


@pytest.fixture
def open_shop(kernel: KernelFactory, tmp_path: Path) -> OpenShop:
    return OpenShop(kernel, tmp_path)


@pytest.fixture
async def shop(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(Profiles, "token", None)
    return await open_shop(plugins={"profiles": Profiles})


@pytest.fixture
async def thread(shop: Shop) -> Thread:
    return await shop.thread()


def stage(thread: Thread, name: str = "new", text: str = "x\n") -> None:
    tree(thread).write(name, text)
    tree(thread).git("add", name)


async def commit(shop: Shop, thread: Thread, message: str) -> dict[str, Any]:
    answer: dict[str, Any] = await shop.client.post(f"/api/git/{thread.id}/commit", json={"message": message})
    return answer


def hook(shop: Shop, name: str, script: str) -> None:
    path = shop.repository.path / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def test_a_commit_is_made_by_the_user(shop: Shop, thread: Thread) -> None:
    stage(thread)
    message = 'feat: add new\n\n# not a comment\nBody "quoted" $HOME `x` ü'
    answer = await commit(shop, thread, message)
    assert answer["ok"] is True
    assert "feat: add new\n 1 file changed, 1 insertion(+)" in answer["output"]
    assert tree(thread).git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%B").rstrip() == (
        f"Änna <anna@example.invalid>|Änna <anna@example.invalid>|{message}"
    )


async def test_without_a_profile_the_settings_of_git_count(
    shop: Shop, thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Profiles, "identity", None)
    shop.repository.git("config", "user.name", "Configured")
    shop.repository.git("config", "user.email", "c@example.invalid")
    stage(thread)
    await commit(shop, thread, "x")
    assert tree(thread).git("log", "-1", "--format=%an %ae") == "Configured c@example.invalid"


async def test_without_any_identity_git_says_what_to_do(
    shop: Shop, thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Profiles, "identity", None)
    shop.repository.git("config", "user.useConfigOnly", "true")
    stage(thread)
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/commit", {"message": "x"})
    assert (code, "git config" in text) == (400, True)


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": 1}, {"message": None}, "x", None])
async def test_a_message_is_needed(shop: Shop, thread: Thread, body: Any) -> None:
    stage(thread)
    assert (await shop.refused("POST", f"/api/git/{thread.id}/commit", body))[0] == 400


async def test_nothing_to_commit_is_a_refusal(shop: Shop, thread: Thread) -> None:
    tree(thread).write("untracked", "x")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/commit", {"message": "x"})
    assert (code, "nothing added to commit" in text) == (400, True)


async def test_everything_that_a_hook_says_reaches_the_user(shop: Shop, thread: Thread) -> None:
    hook(shop, "pre-commit", "echo on stdout; echo 'line 1\nline 2' >&2; exit 1")
    stage(thread)
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/commit", {"message": "x"})
    assert code == 400
    assert {"on stdout", "line 1", "line 2"} <= set(text.splitlines())
    assert tree(thread).git("diff", "--cached", "--name-only") == "new"


async def test_hooks_keep_the_language_of_the_user_and_cannot_ask(
    shop: Shop, thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    hook(shop, "pre-commit", 'echo "$LC_ALL $GIT_TERMINAL_PROMPT $GIT_LITERAL_PATHSPECS" >&2; read line; exit 1')
    stage(thread)
    assert await shop.refused("POST", f"/api/git/{thread.id}/commit", {"message": "x"}) == (400, "C.UTF-8 0")


async def test_a_locked_index_is_a_conflict(shop: Shop, thread: Thread) -> None:
    stage(thread)
    lock = Path(tree(thread).git("rev-parse", "--path-format=absolute", "--git-path", "index.lock"))
    lock.touch()
    assert (await shop.refused("POST", f"/api/git/{thread.id}/commit", {"message": "x"}))[0] == 409


async def test_a_branch_is_pushed_and_tracked(shop: Shop, thread: Thread) -> None:
    stage(thread)
    await commit(shop, thread, "x")
    answer = await shop.client.post(f"/api/git/{thread.id}/push")
    assert answer == {"ok": True, "output": f"branch '{thread.branch}' set up to track 'origin/{thread.branch}'."}
    assert (await shop.client.get(f"/api/git/{thread.id}/status"))["state"] == "pushed"
    assert (await shop.client.post(f"/api/git/{thread.id}/push", json={}))["ok"] is True


async def test_a_push_that_fails_is_a_refusal(shop: Shop, thread: Thread) -> None:
    hook(shop, "pre-push", "echo the hook objects; exit 1")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/push")
    assert (code, "the hook objects" in text) == (400, True)
    shop.repository.git("remote", "remove", "origin")
    hook(shop, "pre-push", "exit 0")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/push")
    assert (code, "origin" in text) == (400, True)
    tree(thread).git("checkout", "--quiet", "--detach")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/push")
    assert (code, "detached" in text) == (400, True)


async def test_ssh_never_asks_whatever_command_is_set(
    shop: Shop, thread: Thread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" >&2\nexit 1\n')
    program.chmod(0o755)
    shop.repository.git("remote", "set-url", "origin", "git@example.invalid:o/r.git")
    shop.repository.git("config", "core.sshCommand", f"{program} -i '/some key'")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/push")
    assert (code, "-i /some key -o BatchMode=yes" in text) == (400, True)


@pytest.fixture
async def forge() -> AsyncIterator[TestServer]:
    """A server that wants credentials for every repository and remembers what it was given."""

    async def refuse(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        request.app[SEEN].append(base64.b64decode(given.removeprefix("Basic ")).decode() if given else "")
        return web.Response(status=401 if not given else 403, headers={"WWW-Authenticate": 'Basic realm="forge"'})

    app = web.Application()
    app[SEEN] = []
    app.router.add_route("*", "/{path:.*}", refuse)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


SEEN = web.AppKey("seen", list[str])


async def test_the_token_is_given_to_its_own_server_only(
    open_shop: OpenShop, forge: TestServer, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(Profiles, "token", "secret-token")
    (home / ".gitconfig").write_text("[credential]\nhelper = \"!printf 'username=old\\npassword=old\\n';:\"\n")
    web_address = f"http://127.0.0.1:{forge.port}"
    shop = await open_shop(plugins={"profiles": Profiles}, settings={"plugins.git.github_api": f"{web_address}/api/v3"})
    thread = await shop.thread()
    shop.repository.git("remote", "set-url", "origin", f"{web_address}/o/r.git")
    assert (await shop.refused("POST", f"/api/git/{thread.id}/push"))[0] == 400
    assert forge.app is not None
    assert forge.app[SEEN] == ["", "x-access-token:secret-token"]
    forge.app[SEEN].clear()
    shop.repository.git("remote", "set-url", "origin", f"http://localhost:{forge.port}/o/r.git")
    assert (await shop.refused("POST", f"/api/git/{thread.id}/push"))[0] == 400
    assert forge.app[SEEN] == ["", "old:old"]


async def test_a_server_that_wants_a_password_does_not_make_us_wait(
    shop: Shop, thread: Thread, forge: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ASKPASS", "/bin/cat")
    shop.repository.git("remote", "set-url", "origin", f"http://127.0.0.1:{forge.port}/o/r.git")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/push")
    assert (code, "terminal prompts disabled" in text) == (400, True)


def test_the_token_is_on_no_command_line() -> None:
    arguments = credential_arguments("https://github.com/")
    assert arguments[:2] == ["-c", "credential.https://github.com.helper="]
    assert "$A_PARALLEL_PUSH_TOKEN" in arguments[3]
