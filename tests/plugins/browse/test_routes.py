"""What the routes answer (``http-core.md`` §8.2)."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Forbidden
from a_parallel_contracts.auth import LOCAL_ACTOR, Actor
from a_parallel_kernel.testkit import Client, RunningKernel
from a_parallel_plugins.browse.listing import collation_key
from a_parallel_plugins.browse.routes import refuse_distant
from tests.plugins.hosts.conditions import content
from tests.support.repository import make_repository


async def listing(client: Client, path: Path | str) -> Any:
    return await client.get("/api/browse/list", params={"path": str(path)})


async def files(client: Client, path: Path | str, query: str | None = None) -> Any:
    params = {"path": str(path), **({} if query is None else {"query": query})}
    return await client.get("/api/browse/files", params=params)


async def test_directories_are_listed_as_people_sort_them(client: Client, home: Path) -> None:
    shown = ["_notes", "2024", "älter", "Bach", "bach-2", "Zoo"]
    for name in [*reversed(shown), ".hidden", "node_modules", "$Recycle.Bin", "System Volume Information"]:
        (home / name).mkdir()
    (home / "link").symlink_to(home / "Zoo")
    (home / "file").write_text("x")
    os.mkdir(os.fsencode(home) + b"/no-\xff-text")  # noqa: PTH102 - pathlib takes no bytes
    assert await listing(client, f"{home}/../home/") == {
        "path": str(home),
        "parent": str(home.parent),
        "dirs": [{"name": name, "path": f"{home}/{name}"} for name in shown],
    }


async def test_the_root_has_no_parent(client: Client) -> None:
    root = await listing(client, "/")
    assert (root["path"], root["parent"]) == ("/", None)
    assert {"name": "usr", "path": "/usr"} in root["dirs"]
    assert (await listing(client, "//"))["path"] == "/"


async def test_what_cannot_be_read_is_told_in_the_answer(client: Client, home: Path) -> None:
    (home / "file").write_text("x")
    for path in (home / "missing", home / "file"):
        answer = await listing(client, path)
        assert (answer["path"], answer["parent"], answer["dirs"]) == (str(path), str(home), [])
        assert str(path) in answer["error"]


def test_names_of_equal_letters_are_ordered_too() -> None:
    assert sorted(["B", "b", "a", "A", "á"], key=collation_key) == ["a", "A", "á", "b", "B"]


async def test_a_repository_is_named_by_its_origin(client: Client, shop: Path, home: Path) -> None:
    async def name(path: Path) -> Any:
        return await client.get("/api/browse/repo-name", params={"path": str(path)})

    assert await name(shop) == {"name": "shop"}
    assert await name(home / "missing" / "thing") == {"name": "thing"}
    make_repository(home / "clone", remote=home / "the-origin.git")
    assert await name(home / "clone") == {"name": "the-origin"}


async def test_files_are_those_that_git_would_take(client: Client, shop: Path) -> None:
    (shop / ".gitignore").write_text("*.log\nbuild/\n")
    for name in ("new.py", "debug.log", "build/x.py", "ü mlaut.py", 'quo"te\nline.py'):
        (shop / name).parent.mkdir(exist_ok=True)
        (shop / name).write_text("x")
    everything = await files(client, shop)
    assert everything == {
        "files": [".gitignore", "new.py", 'quo"te\nline.py', "ü mlaut.py", "README.md", "src/app.py"],
        "truncated": False,
    }
    assert (await files(client, shop, "PY"))["files"] == [*everything["files"][1:4], "src/app.py"]
    assert (await files(client, shop, "Ü M"))["files"] == ["ü mlaut.py"]
    assert (await files(client, shop / "src"))["files"] == ["app.py"]
    assert await files(client, shop, "nothing") == {"files": [], "truncated": False}


async def test_a_conflict_is_one_file(client: Client, home: Path) -> None:
    repository = make_repository(home / "fight", {"a": "1\n"}, branches=("other",))
    repository.commit("here", {"a": "2\n"})
    repository.git("checkout", "--quiet", "other")
    repository.commit("there", {"a": "3\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "main")
    assert (await files(client, home / "fight"))["files"] == ["a"]


async def test_many_files_are_cut(client: Client, home: Path) -> None:
    make_repository(home / "many", {f"{number:04}.txt": "" for number in range(450)})
    cut = await files(client, home / "many")
    assert (len(cut["files"]), cut["truncated"]) == (200, True)
    assert await files(client, home / "many", "03") == {
        "files": sorted(f"{number:04}.txt" for number in range(450) if "03" in f"{number:04}"),
        "truncated": False,
    }
    assert not (await files(client, home / "many", "00"))["truncated"]


async def test_exactly_as_many_as_fit_are_not_cut(client: Client, home: Path) -> None:
    make_repository(home / "full", {f"{number:04}.txt": "" for number in range(200)})
    full = await files(client, home / "full")
    assert (len(full["files"]), full["truncated"]) == (200, False)


async def test_no_repository_is_told_in_the_answer(client: Client, home: Path) -> None:
    (home / "plain").mkdir()
    for path in ("plain", "missing"):
        answer = await files(client, home / path)
        assert (answer["files"], answer["truncated"]) == ([], False)
        assert answer["error"]


async def test_a_search_leaves_no_process_behind(running: RunningKernel, home: Path) -> None:
    make_repository(home / "many", {f"{number:04}.txt": "" for number in range(450)})
    for _ in range(3):
        await files(running.client, home / "many")
    assert "0 running" in str(await running.client.get("/api/kernel/health"))


async def test_the_servers_own_repository_is_not_searched(
    client: Client, shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(home / "other", {"other.txt": ""})
    monkeypatch.setenv("GIT_DIR", str(home / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(home / "other"))
    assert (await files(client, shop))["files"] == ["README.md", "src/app.py"]


async def test_a_directory_becomes_a_repository(client: Client, home: Path) -> None:
    (home / "new").mkdir()
    for _ in range(2):
        assert await client.post("/api/browse/git-init", json={"path": f"{home}/new"}) == {"ok": True}
    made = await client.post("/api/projects", json={"name": "new", "path": f"{home}/new"})
    assert made["path"] == f"{home}/new"


# --- programs -------------------------------------------------------------------------------------


def install(programs: Path, name: str, record: Path) -> None:
    """Make a program that writes down how it was called."""
    script = f'printf "%s\\n" "$PWD" "$@" "<$PORT>" > {record}.part\nmv {record}.part {record}\n'
    (programs / name).write_text(f"#!{shutil.which('sh')}\n{script}")
    (programs / name).chmod(0o700)


@pytest.mark.parametrize(
    ("route", "extra", "program", "arguments"),
    [
        ("open-directory", {}, "xdg-open", []),
        ("open-terminal", {}, "x-terminal-emulator", ["--working-directory"]),
        ("open-in-editor", {"editor": "vscode"}, "code", []),
        ("open-in-editor", {"editor": "cursor"}, "cursor", []),
        ("open-in-editor", {"editor": "windsurf"}, "windsurf", []),
        ("open-in-editor", {"editor": "zed"}, "zed", []),
        ("open-in-editor", {"editor": "sublime"}, "subl", []),
        ("open-in-editor", {"editor": "vim"}, "x-terminal-emulator", ["-e", "vim"]),
    ],
)
async def test_programs_are_started_with_the_path(
    programs: Path,
    client: Client,
    shop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    route: str,
    extra: dict[str, str],
    program: str,
    arguments: list[str],
) -> None:
    monkeypatch.setattr("a_parallel_plugins.browse.programs.sys.platform", "linux")
    monkeypatch.setenv("PORT", "of the server")
    body = {"path": str(shop), **extra}
    missing = await client.answer("POST", f"/api/browse/{route}", json=body)
    assert missing.status == 400
    assert "not installed" in missing.json["error"]
    install(programs, program, tmp_path / "called")
    install(programs, "vim", tmp_path / "called")
    assert await client.post(f"/api/browse/{route}", json=body) == {"ok": True}
    called = (await content(tmp_path / "called")).splitlines()
    assert called == [str(shop), *arguments, str(shop), "<>"]


async def test_an_editor_opens_files_too(programs: Path, client: Client, shop: Path, tmp_path: Path) -> None:
    install(programs, "code", tmp_path / "called")
    await client.post("/api/browse/open-in-editor", json={"path": f"{shop}/README.md", "editor": "vscode"})
    assert (await content(tmp_path / "called")).splitlines() == [str(shop), f"{shop}/README.md", "<>"]
    for route in ("open-directory", "open-terminal"):
        answer = await client.answer("POST", f"/api/browse/{route}", json={"path": f"{shop}/README.md"})
        assert answer.status == 400


@pytest.mark.parametrize("editor", ["emacs", "constructor", "__class__", "vscode ", "VSCODE", "code"])
async def test_unknown_editors(client: Client, shop: Path, editor: str) -> None:
    answer = await client.answer("POST", "/api/browse/open-in-editor", json={"path": str(shop), "editor": editor})
    assert (answer.status, answer.json) == (400, {"error": f"Unknown editor: {editor}"})


async def test_what_was_opened_survives_the_server(
    programs: Path, running: RunningKernel, shop: Path, tmp_path: Path
) -> None:
    script = f"read x < {tmp_path}/pipe\nprintf '%s' \"$x\" > {tmp_path}/part\nmv {tmp_path}/part {tmp_path}/said\n"
    (programs / "code").write_text(f"#!{shutil.which('sh')}\n{script}")
    (programs / "code").chmod(0o700)
    os.mkfifo(tmp_path / "pipe")
    await running.client.post("/api/browse/open-in-editor", json={"path": str(shop), "editor": "vscode"})
    await running.stop()
    (tmp_path / "pipe").write_text("still here\n")
    assert await content(tmp_path / "said") == "still here"


ANNA = Actor("anna", "user")


@pytest.mark.parametrize(
    ("actor", "peer", "headers", "refused"),
    [
        (LOCAL_ACTOR, "192.0.2.1", {}, False),
        (ANNA, "127.0.0.1", {}, False),
        (ANNA, "::1", {}, False),
        (ANNA, None, {}, False),
        (ANNA, "192.0.2.1", {}, True),
        (ANNA, "2001:db8::1", {}, True),
        (ANNA, "127.0.0.1", {"x-forwarded-for": "192.0.2.1"}, True),
        (ANNA, "127.0.0.1", {"forwarded": "for=192.0.2.1"}, True),
        (Actor("root", "admin"), "192.0.2.1", {}, True),
    ],
)
def test_who_may_open_something_on_the_servers_screen(
    actor: Actor, peer: str | None, headers: dict[str, str], refused: bool
) -> None:
    if not refused:
        refuse_distant(actor, peer, headers)
        return
    with pytest.raises(Forbidden):
        refuse_distant(actor, peer, headers)


@pytest.mark.parametrize("route", ["open-directory", "open-terminal", "open-in-editor"])
async def test_the_routes_ask_where_the_client_is(programs: Path, client: Client, tmp_path: Path, route: str) -> None:
    make_repository(tmp_path / "annas")
    anna = client.acting_as("anna")
    await anna.post("/api/projects", json={"name": "a", "path": str(tmp_path / "annas")})
    body = {"path": str(tmp_path / "annas"), "editor": "vscode"}
    headers = {"X-Forwarded-For": "192.0.2.1"}
    assert (await anna.answer("POST", f"/api/browse/{route}", json=body, headers=headers)).status == 403
    assert (await anna.answer("POST", f"/api/browse/{route}", json=body)).status == 400  # allowed, but not installed
