"""The machine that the server runs on."""

import asyncio
import logging
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from a_parallel_contracts import new_id
from a_parallel_contracts.hosts import Completed, Owner
from a_parallel_plugins.hosts import launch, processes, reaper
from a_parallel_plugins.hosts.child import Child
from a_parallel_plugins.hosts.command import complete
from a_parallel_plugins.hosts.ending import Census, Family, end
from a_parallel_plugins.hosts.environment import child_environment
from a_parallel_plugins.hosts.marker import VARIABLE, Marker, combine
from a_parallel_plugins.hosts.process import LocalProcess
from a_parallel_plugins.hosts.processes import Entry, Snapshot
from a_parallel_plugins.hosts.running import Running
from a_parallel_plugins.hosts.store import Record, Store
from a_parallel_plugins.hosts.terminal import LocalPty, bounded


class HasPid(Protocol):
    """A process as the one who started it sees it."""

    pid: int


T = TypeVar("T")
StartedT = TypeVar("StartedT", bound=HasPid)
Changes = Mapping[str, str | None] | None

log = logging.getLogger("a_parallel.hosts")

THREADS = 8
"""How many programs may be just about to start, which takes a thread a millisecond or two.

The threads go when nobody holds the host or a child of it any more: a child may be asked to end at any time.
"""


class LocalHost:
    """`a_parallel_contracts.hosts.Host` on this machine.

    Parameters:
        store: where long-lived children are written down.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="hosts")
        self._running = Running()
        self._open: set[Child] = set()
        self.census = Census(self._threads)

    @property
    def running(self) -> int:
        """Number of children."""
        return len(self._running)

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        env: Changes = None,
        stdin: bytes | None = None,
        timeout: float = 30.0,
        limit: int | None = None,
    ) -> Completed:
        """Run a command to its end."""

        async def start() -> Child:
            piped = stdin is not None
            popen = await self.in_thread(
                lambda: launch.pipes(argv, launch.absolute(cwd), self.environment(env, cwd), stdin=piped)
            )
            child = self._child(popen, held=True)
            self._running.keep(child.ended, lambda grace: child.destroy())
            return child

        child = await self._running.start(argv[0], start, Child.destroy)
        return await complete(child, argv, stdin=stdin, timeout=timeout, limit=limit)

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        owner: Owner,
        env: Changes = None,
        line_limit: int = 64 * 1024 * 1024,
    ) -> LocalProcess:
        """Start a long-lived child with pipes."""

        async def start() -> LocalProcess:
            number = new_id()
            environment = self.environment(env, cwd, self._store.mark(owner, number))
            popen, started = await self.in_thread(
                lambda: _dated(launch.pipes(argv, launch.absolute(cwd), environment, stdin=True))
            )
            child = self._child(popen, held=False)
            process = LocalProcess(child, Family(child.pid, started, number), self.census, argv[0], line_limit)
            self._running.keep(child.ended, process.terminate)
            record = Record(number, child.pid, started, owner, terminal=False, program=argv[0])
            await self._record(record, child.ended, process.terminate)
            return process

        return await self._running.start(argv[0], start, lambda process: process.terminate(0))

    async def open_pty(
        self, argv: Sequence[str], *, cwd: Path | str, owner: Owner, rows: int, cols: int, env: Changes = None
    ) -> LocalPty:
        """Start a program on a pseudo-terminal."""

        async def start() -> LocalPty:
            environment = self.environment(env, cwd)
            terminal, started = await self.in_thread(
                lambda: _dated(launch.terminal(argv, launch.absolute(cwd), environment, *bounded(rows, cols)))
            )
            pty = LocalPty(terminal, started, self.census)
            self._running.keep(pty.ended, pty.hang_up)
            record = Record(new_id(), pty.pid, started, owner, terminal=True, program=argv[0])
            await self._record(record, pty.ended, pty.hang_up)
            return pty

        return await self._running.start(argv[0], start, lambda pty: pty.hang_up(0))

    async def detach(self, argv: Sequence[str], *, cwd: Path | str, env: Changes = None) -> None:
        """Start a program that outlives the server."""

        async def start() -> None:
            environment = self.environment(env, cwd)
            environment.pop(VARIABLE, None)
            reaper.watch(await self.in_thread(lambda: launch.detached(argv, launch.absolute(cwd), environment)))

        await self._running.start(argv[0], start, _leave)

    async def which(self, program: str) -> Path | None:
        """Return where `program` is found on the server's PATH."""
        found = await self.in_thread(lambda: shutil.which(program))
        return Path(found) if found else None

    async def close(self, grace: float = 3.0, spared: Collection[str] = (), *, own: bool = False) -> None:
        """End everything that was started here but the launches in `spared`, and start nothing more.

        With `own`, what an earlier server of this data directory has left running is let be.
        """
        force_at = asyncio.get_running_loop().time() + grace
        await self._running.end_all(grace)
        if survivors := await end(self.census, partial(self._strays, spared, own), until=lambda: force_at):
            log.error("%d processes cannot be killed", survivors)
        await self._running.settle()
        for child in list(self._open):
            child.close()

    def _child(self, popen: "subprocess.Popen[bytes]", *, held: bool) -> Child:
        child = Child(popen, held=held)
        self._open.add(child)
        child.closed.add_done_callback(lambda _: self._open.discard(child))
        return child

    def _strays(self, spared: Collection[str], own: bool, snapshot: Snapshot) -> Iterable[Entry]:
        """Select descendants that are still there although the child they came from has ended."""

        def stray(mark: Marker) -> bool:
            ours = mark.directory == self._store.directory and mark.launch not in spared
            return ours and (not own or mark.server == self._store.server)

        marked = (entry for entry in snapshot if any(map(stray, entry.markers)))
        return snapshot.with_descendants(marked).values()

    async def _record(
        self, record: Record, ended: "asyncio.Future[int]", terminate: Callable[[float], Awaitable[object]]
    ) -> None:
        """Write a child down before anybody may use it, until it has ended."""
        try:
            await self._store.add(record)
        except BaseException:
            self._running.background(_await(terminate(0)))
            raise
        ended.add_done_callback(lambda _: self._running.background(self._store.remove(record.launch)))

    def environment(self, changes: Changes, cwd: Path | str, mark: Marker | None = None) -> dict[str, str]:
        """Return the environment of a child."""
        environment = child_environment(changes, launch.absolute(cwd))
        environment.pop(VARIABLE, None)
        if value := combine(os.environ.get(VARIABLE, ""), mark, self._store.directory):
            environment[VARIABLE] = value
        return environment

    def holder_environment(self) -> dict[str, str]:
        """Return the environment of a holder: little, and the markers of other servers, but none of ours."""
        environment = self.environment(None, "/")
        return {name: environment[name] for name in ("HOME", "PATH", "TMPDIR", VARIABLE) if name in environment}

    async def start(
        self, program: str, starting: Callable[[], Coroutine[Any, Any, T]], abandon: Callable[[T], Awaitable[object]]
    ) -> T:
        """Start something; see `Running.start`."""
        return await self._running.start(program, starting, abandon)

    def background(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run something that nobody waits for."""
        self._running.background(coroutine)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run something that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _dated(child: StartedT) -> tuple[StartedT, str]:
    """Add when a child that nobody can have reaped yet was started."""
    return child, processes.started(child.pid) or ""


async def _leave(_started: None) -> None:
    """Abandon nothing: what was to be detached lives on."""


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable
