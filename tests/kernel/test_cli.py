"""The command line, as a real process on a private home."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from a_parallel_kernel.lock import holding
from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server

ZOO = Path(__file__).parent.parent / "zoo" / "site"


def run(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "a_parallel_kernel", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(home), **environ},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_help_and_version_need_nothing(tmp_path: Path) -> None:
    help_ = run(tmp_path, "--help")
    assert help_.returncode == 0
    for word in ("--port", "--host", "--auth-mode", "PORT", "HOST", "AUTH_MODE", "CORS_ORIGIN", "demo"):
        assert word in help_.stdout
    version = run(tmp_path, "--version")
    assert (version.returncode, version.stdout[:11]) == (0, "a-parallel ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--prot", "1"], "unrecognized arguments: --prot"),
        (["--port", "many"], "invalid int value: 'many'"),
        (["--port", "70000"], "server.port: Input should be less than or equal to 65535"),
        (["--set", "nonsense"], "write it as section.key=value"),
        (["srve"], "there is no command srve"),
        (["plugins", "enable"], "takes one id"),
        (["plugins", "enable", "ghost"], "no plugin is called ghost"),
        (["--config", "missing.toml"], "cannot be read"),
    ],
)
def test_a_wrong_command_line_is_explained_without_a_traceback(tmp_path: Path, words: list[str], reason: str) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".a-parallel" / "data.db").exists()


def test_only_what_is_not_installed_is_no_server(tmp_path: Path) -> None:
    done = run(tmp_path, "--only", "ghost", "--port", "0")
    assert done.returncode == 1
    assert "only names the plugin ghost, which is not installed" in done.stderr


def test_list_shows_what_is_installed_and_who_decided(tmp_path: Path) -> None:
    listed = run(tmp_path, "plugins", "list", "--json", "--disable", "web")
    plugins = {row["id"]: row for row in json.loads(listed.stdout)}
    assert plugins["web"]["state"] == "disabled"
    assert plugins["web"]["decided by"] == "the flag --disable"
    assert plugins["git"] == {
        "id": "git",
        "state": "enabled",
        "version": plugins["web"]["version"],
        "api": "1.0",
        "distribution": "a-parallel",
        "decided by": "default",
    }
    assert list(tmp_path.iterdir()) == []


def test_list_imports_no_plugin(tmp_path: Path) -> None:
    listed = run(tmp_path, "plugins", "list", "--json", PYTHONPATH=str(ZOO), PYTHONPROFILEIMPORTTIME="1")
    plugins = {row["id"]: row for row in json.loads(listed.stdout)}
    assert plugins["zoo_newer"]["api"] == "2.0"
    assert {"zoo_hangs_at_import", "zoo_exits", "zoo_missing"} <= plugins.keys()
    imported = {line.rpartition("|")[2].strip() for line in listed.stderr.splitlines()}
    assert "a_parallel_kernel.discovery" in imported
    assert not {name for name in imported if name.partition(".")[0] in ("zoo", "a_parallel_plugins")}


def test_check_names_bad_migrations_and_old_apis(tmp_path: Path) -> None:
    words = [word for id in ("zoo_bad_sql", "zoo_thief", "zoo_newer") for word in ("--only", id)]
    checked = run(tmp_path, "plugins", "check", *words, PYTHONPATH=str(ZOO))
    assert checked.returncode == 1
    assert "FAIL  zoo_bad_sql: failed" in checked.stdout
    assert "GIBBERISH" in checked.stdout
    assert "FAIL  zoo_thief: failed" in checked.stdout
    assert "FAIL  zoo_newer: incompatible (written for API 2.0, this server has 1.0" in checked.stdout


RIVAL = """
from a_parallel_contracts import Manifest, Ok, Plugin, Request, get, hookimpl

class Rival(Plugin):
    manifest = Manifest(api="1.0")

    @hookimpl
    def routes(self, ctx):
        async def projects(request: Request) -> Ok:
            return Ok()

        return [get("/api/projects", projects)]
"""


def put_rival(site: Path, source: str) -> None:
    """Install a plugin called ``rival`` in a directory for PYTHONPATH."""
    (site / "rival-1.dist-info").mkdir(parents=True)
    (site / "rival.py").write_text(source, "utf-8")
    (site / "rival-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1\n", "utf-8")
    points = "[a_parallel.plugins]\nrival = rival:Rival\n"
    (site / "rival-1.dist-info" / "entry_points.txt").write_text(points, "utf-8")


@pytest.mark.parametrize("manifest", ['api="1.0"', 'api="1.0", routes_below=("/api/projects",)'])
def test_check_names_both_sides_of_a_conflict_whoever_comes_first(tmp_path: Path, manifest: str) -> None:
    put_rival(tmp_path / "site", RIVAL.replace('api="1.0"', manifest))
    checked = run(tmp_path / "home", "plugins", "check", "rival", PYTHONPATH=str(tmp_path / "site"))
    assert checked.returncode == 1, checked.stdout
    assert "GET /api/projects of plugin" in checked.stdout
    assert "plugin rival" in checked.stdout


def test_check_makes_the_routes_that_a_server_makes_later(tmp_path: Path) -> None:
    put_rival(tmp_path / "site", RIVAL.replace('api="1.0"', 'api="1.0", routes_below=("/api/rival",)'))
    checked = run(tmp_path / "home", "plugins", "check", "rival", PYTHONPATH=str(tmp_path / "site"))
    assert checked.returncode == 1, checked.stdout
    assert "FAIL  rival: failed (its routes cannot be made: RouteError: GET /api/projects" in checked.stdout


def test_a_switch_is_kept_and_shown(tmp_path: Path) -> None:
    assert "disabled from the next start on" in run(tmp_path, "plugins", "disable", "web").stdout
    lines = [line.split()[:2] for line in run(tmp_path, "plugins", "list").stdout.splitlines()]
    assert ["web", "disabled"] in lines
    decided = run(tmp_path, "plugins", "enable", "web", A_PARALLEL_PLUGINS_DISABLED="web")
    assert decided.returncode == 1
    assert "decided by the environment variable A_PARALLEL_PLUGINS_DISABLED" in decided.stderr


def test_check_starts_everything_aside_and_fails_for_what_does_not_run(tmp_path: Path) -> None:
    fine = run(tmp_path, "plugins", "check")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "ok    git: running" in fine.stdout
    assert not (tmp_path / ".a-parallel").exists()
    blocked = run(tmp_path, "plugins", "check", "git", "--disable", "hosts")
    assert blocked.returncode == 1
    assert "FAIL  git: blocked (needs the service hosts" in blocked.stdout


def test_a_plugin_that_cannot_be_imported_is_told_in_one_line_beside_the_others(tmp_path: Path) -> None:
    chosen = ("--only", "zoo_missing", "--only", "zoo_healthy")
    checked = run(tmp_path, "plugins", "check", *chosen, PYTHONPATH=str(ZOO))
    assert checked.returncode == 1
    assert "ok    zoo_healthy: running" in checked.stdout
    assert "FAIL  zoo_missing: failed (ModuleNotFoundError: No module named 'zoo.nowhere')" in checked.stdout
    for words in (["migrate"], ["srve"]):
        done = run(tmp_path, *words, *chosen, PYTHONPATH=str(ZOO))
        assert done.returncode != 0
        assert "zoo_missing" in done.stderr
        assert "Traceback" not in done.stderr
    assert "leave it out with --disable zoo_missing" in run(tmp_path, "migrate", *chosen, PYTHONPATH=str(ZOO)).stderr


def test_check_names_a_required_plugin_that_is_not_there(tmp_path: Path) -> None:
    checked = run(tmp_path, "plugins", "check", "--only", "auth", "--set", 'plugins.required=["auth", "ghost"]')
    assert checked.returncode == 1
    assert "ok    auth: running" in checked.stdout
    assert "FAIL  ghost: required (it is not installed)" in checked.stdout
    assert "Traceback" not in checked.stderr


def test_a_switch_waits_for_nobody_who_is_just_starting(tmp_path: Path) -> None:
    directory = tmp_path / ".a-parallel"
    directory.mkdir()
    with holding(directory):
        refused = run(tmp_path, "plugins", "disable", "web")
    assert refused.returncode == 1
    assert f"another a-parallel server uses {directory}" in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_plugins_are_switched_through_a_unix_socket_too(server_factory: ServerFactory) -> None:
    with tempfile.TemporaryDirectory() as short:  # the name of a socket may have about 100 characters
        socket = Path(short) / "socket"
        await switch_through(server_factory(config=f'[server]\nunix_socket = "{socket}"\n'), socket)


async def switch_through(server: Server, socket: Path) -> None:
    server.spawn()
    await server.until_logged("ready at unix:", timeout=30)
    assert socket.stat().st_mode & 0o077 == 0
    disabled = await asyncio.to_thread(run, server.home, "plugins", "disable", "web")
    assert (disabled.stdout, disabled.stderr) == ("web is disabled\n", "")
    listed = await asyncio.to_thread(run, server.home, "plugins", "list", "--json")
    assert {row["id"]: row["state"] for row in json.loads(listed.stdout)}["web"] == "disabled"


async def test_people_get_files_with_their_umask_and_the_server_keeps_its_own_private(
    server_factory: ServerFactory, tmp_path: Path
) -> None:
    server = server_factory(config='[plugins.agents]\nprovider = "scripted"\n')
    umask = os.umask(0o022)
    try:
        repository = make_repository(tmp_path / "shop", {"kept": "x"})
        await server.start()
    finally:
        os.umask(umask)
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(f"{server.base_url}/", headers=headers) as session:
        project = await ask(session, "api/projects", {"name": "shop", "path": str(repository.path)})
        prompt = "!write written x\n!bash echo x > said"
        body = {"projectId": project["id"], "mode": "worktree", "prompt": prompt}
        thread = await ask(session, "api/threads", body)
        worktree = Path(thread["worktreePath"])
        await until_completed(session, thread["id"])
    modes = {path.name: path.stat().st_mode & 0o777 for path in worktree.iterdir()}
    assert (modes["kept"], modes["written"], modes["said"]) == (0o644, 0o644, 0o644)
    assert [path for path in server.data_directory.rglob("*") if path.stat().st_mode & 0o077] == []
    await server.stop()


async def until_completed(session: aiohttp.ClientSession, thread: str) -> None:
    status = ""
    async with asyncio.timeout(20):
        while status != "completed":
            async with session.get(f"api/threads/{thread}") as answer:
                status = (await answer.json())["status"]
            await asyncio.sleep(0.02)


async def ask(session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with session.post(path, json=body) as answer:
        assert answer.status == 201, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


async def test_a_closed_terminal_stops_the_server_and_everything_it_started(
    server_factory: ServerFactory, tmp_path: Path
) -> None:
    server = await server_factory(config='[plugins.agents]\nprovider = "scripted"\n').start()
    repository = make_repository(tmp_path / "shop")
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(f"{server.base_url}/", headers=headers) as session:
        project = await ask(session, "api/projects", {"name": "shop", "path": str(repository.path)})
        body = {"projectId": project["id"], "mode": "worktree", "prompt": "!bash exec sleep 271"}
        await ask(session, "api/threads", body)
    await server.until_command("sleep 271")
    os.kill(server.pid, signal.SIGHUP)
    await server.stop(signal.SIGHUP)  # a shell sends it, and so does the terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_whose_output_nobody_reads_any_more_can_be_stopped(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "a_parallel_kernel", "--port", "0"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout and process.stderr
        try:
            process.stderr.close()
            assert "ready at" in process.stdout.readline()
            process.send_signal(number)
            assert process.wait(30) in (0, 120)  # the interpreter tells that it could not write its last words
        finally:
            process.kill()


def test_a_setting_that_does_not_fit_is_told_in_one_line(tmp_path: Path) -> None:
    checked = run(tmp_path, "plugins", "check", "web", "--only", "web", "--set", "plugins.web.directori=x")
    assert "FAIL  web: failed (plugins.web.directori: is not a setting of this section (from flag" in checked.stdout
    assert "Traceback" not in checked.stderr


def test_migrate_shows_before_it_does(tmp_path: Path) -> None:
    shown = run(tmp_path, "migrate", "--dry-run")
    assert "would apply kernel: 001_switches.sql" in shown.stdout
    assert not (tmp_path / ".a-parallel" / "data.db").exists()
    assert "applying hosts: 001_processes.sql" in run(tmp_path, "migrate").stdout
    assert run(tmp_path, "migrate").stdout == "the database is up to date\n"


async def test_plugins_are_switched_in_a_running_server(server: Server) -> None:
    words = ("--config", str(server.config_file))
    disabled = await asyncio.to_thread(run, server.home, "plugins", "disable", "web", *words)
    assert disabled.stdout == "web is disabled\n"
    listed = await asyncio.to_thread(run, server.home, "plugins", "list", "--json", *words)
    assert {"disabled"} == {row["state"] for row in json.loads(listed.stdout) if row["id"] == "web"}
    enabled = await asyncio.to_thread(run, server.home, "plugins", "enable", "web", *words)
    assert enabled.stdout == "web is running\n"


async def test_a_second_server_on_the_same_data_is_refused(server: Server) -> None:
    second = await asyncio.to_thread(run, server.home, "serve", "--port", "0")
    assert second.returncode == 1
    assert f"another a-parallel server (process {server.pid}, {server.base_url})" in second.stderr
    assert "Traceback" not in second.stderr
