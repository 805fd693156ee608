"""Programs that outlive the server: starts them in holders, finds them again, ends them."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from a_parallel_contracts import ApiError, NotFound, new_id
from a_parallel_contracts.hosts import Held, Owner
from a_parallel_plugins.hosts import launch, processes
from a_parallel_plugins.hosts.held import Kept, LocalHeldProcess, LocalHeldPty
from a_parallel_plugins.hosts.link import Link, address
from a_parallel_plugins.hosts.listing import DIRECTORY, held_in
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.settings import HostsSettings
from a_parallel_plugins.hosts.store import Record, Store
from a_parallel_plugins.hosts.terminal import HIGH_WATER as WINDOW
from a_parallel_plugins.hosts.terminal import bounded

GONE_LIMIT = 5.0
"""Seconds that a holder gets to disappear after its program."""

KeptT = TypeVar("KeptT", bound=Kept)
Make = Callable[[str, Link, int, str], KeptT]
"""Makes what stands for a program, of its name, its holder, its pid and its start."""

Changes = Mapping[str, str | None] | None

log = logging.getLogger("a_parallel.hosts")


class LocalHolders:
    """`a_parallel_contracts.hosts.Holders` on this machine.

    Parameters:
        host: starts programs.
        store: where they are written down.
        directory: the data directory.
        settings: the plugin's.
    """

    def __init__(self, host: LocalHost, store: Store, directory: Path, settings: HostsSettings) -> None:
        self._host = host
        self._store = store
        self._directory = directory / DIRECTORY
        self._settings = settings
        self._attached: dict[str, Kept] = {}
        self._wants = 0

    @property
    def wanted(self) -> bool:
        """Whether anybody has asked for programs to be held."""
        return self._wants > 0

    def want(self) -> Callable[[], None]:
        """Ask for it, and return the function that takes that back."""
        self._wants += 1
        taken_back = False

        def take_back() -> None:
            nonlocal taken_back
            self._wants -= not taken_back
            taken_back = True

        return take_back

    def list(self) -> list[Held]:
        """Return what is held, oldest first."""
        return held_in(self._directory, self._attached)

    @property
    def attached(self) -> int:
        """How many programs this server is connected to."""
        return len(self._attached)

    def alive(self) -> set[str]:
        """Return the names of holders that answer, and take away what dead ones have left on the disk."""
        if not self._directory.is_dir():
            return set()
        names = {path.name.partition(".")[0] for path in self._directory.iterdir()}
        living = {name for name in names if (self._directory / f"{name}.json").exists() and self._answers(name)}
        for path in self._directory.iterdir():
            if path.name.partition(".")[0] in names - living:
                path.unlink(missing_ok=True)
        return living

    # --- starting ---------------------------------------------------------------------------------

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        owner: Owner,
        name: str,
        note: Mapping[str, str] | None = None,
        env: Changes = None,
        line_limit: int = 64 * 1024 * 1024,
    ) -> LocalHeldProcess:
        """Start a long-lived child with pipes in a holder."""
        mark = self._store.mark(owner, name)
        spec = {"terminal": None, "mark": str(mark), "note": dict(note or {})}
        environment = self._host.environment(env, cwd, mark)
        make = partial(self._process, line_limit)
        return await self._start(argv, cwd, owner, name, {**spec, "env": environment}, make)

    async def open_pty(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        owner: Owner,
        rows: int,
        cols: int,
        note: Mapping[str, str] | None = None,
        env: Changes = None,
    ) -> LocalHeldPty:
        """Start a program on a pseudo-terminal in a holder."""
        spec = {"terminal": bounded(rows, cols), "mark": "", "note": dict(note or {})}
        environment = self._host.environment(env, cwd)
        return await self._start(argv, cwd, owner, new_id(), {**spec, "env": environment}, self._pty)

    async def _start(
        self,
        argv: Sequence[str],
        cwd: Path | str,
        owner: Owner,
        name: str,
        spec: dict[str, Any],
        make: Make[KeptT],
    ) -> KeptT:
        where = launch.absolute(cwd)
        more = {"argv": list(argv), "cwd": where, "owner": {"kind": owner.kind, "key": owner.key}}
        limits = {"limit": self._settings.spool_limit, "patience": self._settings.holder_patience}
        whole = {**spec, **more, **limits}
        holder_environment = self._host.holder_environment()

        async def start() -> KeptT:
            pid, started = await self._host.in_thread(lambda: self._launch(name, whole, holder_environment))
            try:
                record = Record(name, pid, started, owner, terminal=spec["terminal"] is not None, program=argv[0])
                await self._store.add(record)
                return await self._connect(name, pid, started, None, make)
            except BaseException:
                self._host.background(self.end(name, 0))
                raise

        return await self._host.start(argv[0], start, lambda kept: kept.end(0))

    def _launch(self, name: str, spec: dict[str, Any], environment: Mapping[str, str]) -> tuple[int, str]:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        pid = launch.holder(self._directory, name, spec, environment)
        return pid, processes.started(pid) or ""

    # --- finding again ----------------------------------------------------------------------------

    async def attach(
        self, name: str, *, position: int | None = None, line_limit: int = 64 * 1024 * 1024
    ) -> LocalHeldProcess:
        """Take a process over."""
        return await self._attach(name, position, partial(self._process, line_limit))

    async def attach_pty(self, name: str) -> LocalHeldPty:
        """Take a terminal over."""
        return await self._attach(name, None, self._pty)

    async def _attach(self, name: str, position: int | None, make: Make[KeptT]) -> KeptT:
        held = next((one for one in await asyncio.to_thread(self.list) if one.name == name), None)
        if held is None or held.attached:
            raise NotFound(f"Nothing is held under the name {name}")
        started = await asyncio.to_thread(processes.started, held.pid) or ""
        await self._store.adopt(name)
        return await self._connect(name, held.pid, started, position, make)

    async def _connect(self, name: str, pid: int, started: str, position: int | None, make: Make[KeptT]) -> KeptT:
        link = await Link.open(self._directory / f"{name}.sock", position=position, window=WINDOW)
        kept = make(name, link, pid, started)
        self._attached[name] = kept
        link.ended.add_done_callback(lambda _: self._over(kept))
        return kept

    def _process(self, line_limit: int, name: str, link: Link, pid: int, started: str) -> LocalHeldProcess:
        return LocalHeldProcess(name, link, pid, started, self._host.census, line_limit=line_limit)

    def _pty(self, name: str, link: Link, pid: int, started: str) -> LocalHeldPty:
        return LocalHeldPty(name, link, pid, started, self._host.census)

    def _over(self, kept: Kept) -> None:
        """A program has ended, or was left."""
        if kept.link.left:
            self._attached.pop(kept.name, None)
            return
        self._host.background(self._store.remove(kept.name))

    # --- ending -----------------------------------------------------------------------------------

    async def end(self, name: str, grace: float = 3.0) -> None:
        """End a program and its holder."""
        kept = self._attached.get(name)
        if kept is None:
            try:
                kept = await self._attach(name, None, partial(self._process, WINDOW))
            except ApiError:
                return
        if kept.returncode is None:
            await kept.end(grace)
        else:
            await kept.link.dismiss()
        self._attached.pop(name, None)

    async def close(self, grace: float, *, leaving: bool) -> None:
        """Let go of everything, or end everything; return when the holders are gone."""
        if leaving:
            for kept in list(self._attached.values()):
                await kept.leave()
            return
        holders = await asyncio.to_thread(self._holders)
        names = {*self._attached, *holders}
        for outcome in await asyncio.gather(*(self.end(name, grace) for name in names), return_exceptions=True):
            if isinstance(outcome, BaseException):
                log.error("%s", outcome)
        with suppress(TimeoutError):
            async with asyncio.timeout(GONE_LIMIT):
                while await asyncio.to_thread(_still_there, holders.values()):  # noqa: ASYNC110 - other processes
                    await asyncio.sleep(0.02)

    def _holders(self) -> dict[str, tuple[int, str]]:
        """Return pid and start of all holders, by name."""
        pids = {held.name: held.holder for held in self.list()}
        return {name: (pid, started) for name, pid in pids.items() if (started := processes.started(pid))}

    def _answers(self, name: str) -> bool:
        if name in self._attached:
            return not self._attached[name].link.lost.done()
        with socket.socket(socket.AF_UNIX) as probe, address(self._directory / f"{name}.sock") as short:
            try:
                probe.connect(short)
            except OSError:
                return False
        return True


def _still_there(identities: Iterable[tuple[int, str]]) -> list[int]:
    snapshot = processes.take()
    return [pid for pid, started in identities if snapshot.alive(pid, started)]
