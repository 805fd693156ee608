"""The subcommands of the kernel, and the way to those that plugins bring."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from a_parallel_contracts.errors import ApiError
from a_parallel_contracts.plugin import PluginState
from a_parallel_kernel.app import Kernel
from a_parallel_kernel.cli import Parser, Usage, add_config_options, read_config
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import find_candidates
from a_parallel_kernel.kept import read_offline
from a_parallel_kernel.lock import DirectoryInUse, Holder, holding, running
from a_parallel_kernel.migrate import DatabaseRefused
from a_parallel_kernel.plugin_migrations import migrate_plugin
from a_parallel_kernel.private import make_private_directory
from a_parallel_kernel.records import Record
from a_parallel_kernel.restarting import restart
from a_parallel_kernel.scaffold import CannotScaffold, scaffold
from a_parallel_kernel.store import migrations_of, opened, rehearsed
from a_parallel_kernel.supervisor import BootError
from a_parallel_kernel.switches import Switches

TOKEN_VARIABLE = "A_PARALLEL_TOKEN"  # noqa: S105 - a variable's name

if TYPE_CHECKING:
    from a_parallel_kernel.offline import OfferedCommand


def plugins(words: list[str]) -> int:
    """Run ``a-parallel plugins list|check|enable|disable|new``."""
    parser = Parser("a-parallel plugins", "show, check and switch plugins")
    add_config_options(parser)
    parser.add_argument("action", choices=["list", "check", "enable", "disable", "new"])
    parser.add_argument("id", nargs="*")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(words)
    try:
        return _plugins(arguments, read_config(arguments))
    except (BootError, DatabaseRefused, DirectoryInUse) as error:
        print(f"a-parallel: {error}", file=sys.stderr)
    except (aiohttp.ClientError, TimeoutError) as error:
        print(f"a-parallel: the running server does not answer ({error or 'in time'}); try again", file=sys.stderr)
    return 1


def _plugins(arguments: argparse.Namespace, config: Config) -> int:
    if arguments.action == "list":
        return _list(config, arguments.json)
    if arguments.action == "check":
        return asyncio.run(_check(config, arguments.id))
    if len(arguments.id) != 1:
        raise Usage(f"plugins {arguments.action} takes one {'name' if arguments.action == 'new' else 'id'}")
    if arguments.action == "new":
        return _new(arguments.id[0])
    return asyncio.run(_switch(config, arguments.id[0], arguments.action == "enable"))


# --- plugins list -------------------------------------------------------------------------------------


def _list(config: Config, as_json: bool) -> int:
    rows = list(_rows(config, _switches(config)))
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    table = [tuple(key.upper() for key in rows[0]), *(tuple(row.values()) for row in rows)] if rows else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _rows(config: Config, switches: dict[str, bool]) -> Iterator[dict[str, str]]:
    holder = running(config.server.data_directory)
    live = asyncio.run(_live_states(config, holder)) if holder else {}
    for candidate in find_candidates():
        switched = "a run-time switch" if candidate.id in switches else "default"
        wanted = "enabled" if config.enabled(candidate.id, switches) else "disabled"
        yield {
            "id": candidate.id,
            "state": live.get(candidate.id, wanted),
            "version": candidate.version,
            "api": candidate.declared() or "?",
            "distribution": candidate.distribution,
            "decided by": config.decided(candidate.id) or switched,
        }


def _switches(config: Config) -> dict[str, bool]:
    """Read the switches without opening the database for writing, if there is one."""
    import sqlite3

    path = config.server.data_directory / "data.db"
    if not path.is_file():
        return {}
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            rows = connection.execute("SELECT plugin, enabled FROM kernel_switches").fetchall()
    except sqlite3.Error:
        return {}
    return {plugin: bool(enabled) for plugin, enabled in rows}


async def _live_states(config: Config, holder: Holder) -> dict[str, str]:
    async with _session(config, holder) as session, session.get("/api/kernel/plugins") as answer:
        if answer.status != 200:
            return {}
        return {plugin["id"]: plugin["state"] for plugin in (await answer.json())["plugins"]}


def _token(config: Config) -> str:
    """Return what proves who calls: ``A_PARALLEL_TOKEN``, else the token of local mode; empty text if there is none."""
    file = config.server.data_directory / "auth-token"
    if (given := os.environ.get(TOKEN_VARIABLE, "").strip()) or not file.is_file():
        return given
    return file.read_text("utf-8").strip()


def _refusal(status: int, body: dict[str, Any]) -> str:
    """Return what a running server has against it, and what to do if it does not know who asks."""
    hint = f"; set {TOKEN_VARIABLE} to an access token with the scope admin" if status in (401, 403) else ""
    return f"{body.get('error')}{hint}"


@asynccontextmanager
async def _session(config: Config, holder: Holder) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session whose paths are those of the running server."""
    token = _token(config)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    path = holder.url.removeprefix("unix:")
    connector, base = (aiohttp.UnixConnector(path), "http://localhost") if path != holder.url else (None, holder.url)
    timeout = aiohttp.ClientTimeout(60)
    async with aiohttp.ClientSession(base, headers=headers, timeout=timeout, connector=connector) as session:
        yield session


# --- plugins check ------------------------------------------------------------------------------------


async def _check(config: Config, ids: list[str]) -> int:
    """Tell which plugins would not run: migrations on a copy of the database, everything else on an empty one."""
    config.kept = read_offline(config.server.data_directory)
    with tempfile.TemporaryDirectory(prefix="a-parallel-check-") as directory:
        kernel = Kernel(config.moved(Path(directory)))
        try:
            await kernel.start()
            states = {record.id: _outcome(kernel, record) for record in kernel.supervisor.records.values()}
        finally:
            await kernel.stop()
    for id in set(config.selection.required) - states.keys():
        states[id] = ("required", "it is not installed")
    for rehearsal in await rehearsed(config):
        if rehearsal.problem and states.get(rehearsal.owner, ("running",))[0] == "running":
            states[rehearsal.owner] = ("failed", rehearsal.problem)
    unknown = [id for id in ids if id not in states]
    if unknown:
        raise Usage(f"no plugin is called {unknown[0]}; see: a-parallel plugins list")
    told = {id: state for id, state in states.items() if not ids or id in ids or _is_victim(state, ids)}
    return _tell(told, asked=bool(ids))


def _outcome(kernel: Kernel, record: Record) -> tuple[str, str | None]:
    """Return the state of a plugin and what is wrong, with the routes that a server would make later."""
    try:
        kernel.http.routes.make_all(record.id)
    except Exception as error:  # noqa: BLE001 - whatever it is, the plugin's routes would not answer
        return PluginState.FAILED, f"its routes cannot be made: {type(error).__name__}: {error}"
    return record.state, record.error


def _is_victim(state: tuple[str, str | None], ids: list[str]) -> bool:
    """Tell whether a plugin fails because of one of `ids`, such as one that claimed the same route earlier."""
    return any(f"with plugin {id}," in (state[1] or "") for id in ids)


def _tell(states: dict[str, tuple[str, str | None]], asked: bool) -> int:
    bad = 0
    for id, (state, error) in states.items():
        fine = state == "running" or (state == "disabled" and not asked)
        bad += not fine
        print(f"{'ok  ' if fine else 'FAIL'}  {id}: {state}{f' ({error})' if error else ''}")
    return 1 if bad else 0


# --- plugins enable and disable -------------------------------------------------------------------------


async def _switch(config: Config, id: str, enabled: bool) -> int:
    if id not in {candidate.id for candidate in find_candidates()}:
        raise Usage(f"no plugin is called {id}; see: a-parallel plugins list")
    decided = config.decided(id)
    if decided:
        print(f"a-parallel: whether {id} is on is decided by {decided}; change it there", file=sys.stderr)
        return 1
    holder = running(config.server.data_directory)
    if holder:
        return await _switch_live(config, holder, id, enabled)
    make_private_directory(config.server.data_directory)
    with holding(config.server.data_directory):
        async with opened(config.server.data_directory) as store:
            await Switches(store.db).write(id, enabled)
    print(f"{id} is {'enabled' if enabled else 'disabled'} from the next start on")
    return 0


async def _switch_live(config: Config, holder: Holder, id: str, enabled: bool) -> int:
    word = "enable" if enabled else "disable"
    async with _session(config, holder) as session, session.post(f"/api/kernel/plugins/{id}/{word}") as answer:
        body = await answer.json()
        if answer.status != 200:
            print(f"a-parallel: {_refusal(answer.status, body)}", file=sys.stderr)
            return 1
        print(f"{id} is {body['state']}{': ' + body['error'] if body['error'] else ''}")
        return 0


# --- plugins new --------------------------------------------------------------------------------------


def _new(name: str) -> int:
    try:
        directory = scaffold(name, Path.cwd())
    except CannotScaffold as error:
        raise Usage(str(error)) from None
    print(f"wrote {directory}\nnext: cd {directory} && pip install -e '.[test]' && pytest")
    return 0


# --- migrate ------------------------------------------------------------------------------------------


def migrate(words: list[str]) -> int:
    """Run ``a-parallel migrate``."""
    parser = Parser("a-parallel migrate", "bring the database up to date without starting the server")
    add_config_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="work on a copy and only tell")
    arguments = parser.parse_args(words)
    config = read_config(arguments)
    try:
        return asyncio.run(_migrate(config, arguments.dry_run))
    except (DatabaseRefused, DirectoryInUse) as error:
        print(f"a-parallel: {error}", file=sys.stderr)
        return 1


async def _migrate(config: Config, dry_run: bool) -> int:
    """Apply what is outstanding; always tried on a copy first, so that a failing one changes nothing."""
    rehearsals = await rehearsed(config)
    for rehearsal in rehearsals:
        for name in rehearsal.applied:
            print(f"{'would apply' if dry_run else 'applying'} {rehearsal.owner}: {name}")
        if rehearsal.problem:
            print(f"a-parallel: {rehearsal.problem}", file=sys.stderr)
    if any(rehearsal.problem for rehearsal in rehearsals):
        return 1
    if not any(rehearsal.applied for rehearsal in rehearsals):
        print("the database is up to date")
    elif not dry_run:
        await _apply(config)
    return 0


async def _apply(config: Config) -> None:
    make_private_directory(config.server.data_directory)
    with holding(config.server.data_directory):
        async with opened(config.server.data_directory) as store:
            plugins, _ = await migrations_of(config)
            for plugin in plugins:
                await migrate_plugin(store.db, plugin.owner, plugin.files, plugin.tables, store.prepared.snapshots)


# --- doctor -------------------------------------------------------------------------------------------


def doctor(words: list[str]) -> int:
    """Run ``a-parallel doctor``."""
    parser = Parser("a-parallel doctor", "look for what has gone wrong, and repair what can be without losing anything")
    add_config_options(parser)
    parser.add_argument("--repair", action="store_true", help="repair it too")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(words)
    config = read_config(arguments)
    from a_parallel_kernel.examining import told

    try:
        report = asyncio.run(_doctor_report(config, arguments.repair))
    except (BootError, DatabaseRefused, DirectoryInUse) as error:
        print(f"a-parallel: {error}", file=sys.stderr)
        return 1
    except (aiohttp.ClientError, TimeoutError) as error:
        print(f"a-parallel: the running server does not answer ({error or 'in time'}); try again", file=sys.stderr)
        return 1
    print(json.dumps(report, indent=2) if arguments.json else told(report))
    return 0 if report["ok"] else 1


async def _doctor_report(config: Config, repair: bool) -> dict[str, Any]:
    """Ask the running server, or examine the data directory in this process."""
    from a_parallel_kernel.examining import examined

    holder = running(config.server.data_directory)
    if not holder:
        return await examined(config, repair)
    async with _session(config, holder) as session:
        asked = session.post("/api/kernel/doctor", json={"repair": repair}, timeout=aiohttp.ClientTimeout(600))
        async with asked as answer:
            body: dict[str, Any] = await answer.json()
            if answer.status != 200:
                raise aiohttp.ClientError(_refusal(answer.status, body))
            return body


BUILT_IN: dict[str, Callable[[list[str]], int]] = {
    "plugins": plugins,
    "migrate": migrate,
    "doctor": doctor,
    "restart": restart,
}


# --- commands of plugins ------------------------------------------------------------------------------


async def _offered(config: Config) -> "dict[str, OfferedCommand]":
    from a_parallel_kernel.offline import offered_commands

    config.kept = read_offline(config.server.data_directory)
    return await offered_commands(config, find_candidates())


async def plugin_commands() -> list[tuple[str, str]]:
    """Return name and summary of each command that an enabled plugin brings."""
    offered = await _offered(_config([]))
    return [(each.command.name, each.command.summary) for each in offered.values()]


async def run_plugin_command(word: str, words: list[str]) -> int:
    """Run a command that a plugin brings and return its exit status.

    Raises:
        Usage: nobody brings it.
    """
    config = _config(words)
    offered = (await _offered(config)).get(word)
    if offered is None:
        raise Usage(f"there is no command {word}")
    parser = Parser(f"a-parallel {word}", offered.command.summary)
    offered.command.arguments(parser)
    if offered.command.database:
        add_config_options(parser)
    try:
        return await offered.run(config, parser.parse_args(words))
    except (ApiError, DatabaseRefused, DirectoryInUse) as error:
        print(f"a-parallel: {error}", file=sys.stderr)
        return 1


def _config(words: list[str]) -> Config:
    """Return the configuration that the options among `words` make; which plugins there are depends on it."""
    parser = Parser("a-parallel")
    add_config_options(parser)
    arguments, _ = parser.parse_known_args([word for word in words if word != "--help"])
    return read_config(arguments)
