"""One run of a command: its output, and its one final event (``http-features.md`` §8)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from a_parallel_contracts import Event, Sockets
from a_parallel_contracts.commands import CommandOutput, CommandStatus, StartupCommand
from a_parallel_contracts.hosts import Process
from a_parallel_contracts.output import Recent, TextOutput, room
from a_parallel_contracts.projects import Project

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""

Channel = Literal["stdout", "stderr"]
CHANNELS: tuple[Channel, ...] = ("stdout", "stderr")


class Instance:
    """A process that was just started.

    Parameters:
        command, project: as they were at its start.
        process: the shell.
        watcher: user whose sockets show the output; while they are congested nothing more is read.
        sockets: knows that.
        publish: publishes output.
        record: keeps and publishes a status, so that a browser that comes back is told.
        ended: called when the process has ended and all its output is out, before the final event.

    Attributes:
        done: finished after the final event.
        recent: the end of what it has written.
        written: how often it has written something.
        exit_code: once it has ended by itself.
    """

    def __init__(
        self,
        command: StartupCommand,
        project: Project,
        process: Process,
        *,
        watcher: str,
        sockets: Sockets,
        publish: Callable[[Event], None],
        record: Callable[[Event], Awaitable[None]],
        ended: Callable[["Instance"], None],
    ) -> None:
        self.command = command
        self.project = project
        self._process = process
        self._watcher = watcher
        self._sockets = sockets
        self._publish = publish
        self._record = record
        self._ended = ended
        self.recent = Recent()
        self.written = 0
        self.exit_code: int | None = None
        self._asked = False
        self._replaced = False
        self._hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done = asyncio.create_task(self._follow(), name=f"command {command.id}")

    async def end(self, *, replaced: bool = False) -> None:
        """End the process and its descendants, and return after the final event.

        Parameters:
            replaced: another instance follows; there is no final event then.

        Raises:
            FailedDependency: a process cannot be killed.
        """
        self._asked = True
        self._replaced |= replaced
        if not self._hurry.done():
            self._hurry.set_result(None)
        await self._process.terminate(GRACE)
        await asyncio.wait({self.done})

    async def _follow(self) -> None:
        try:
            await self._tell("running")
            async with asyncio.TaskGroup() as group:
                for channel in CHANNELS:
                    group.create_task(self._forward(channel))
            status = await self._process.wait()
        finally:
            self._ended(self)
        if self._replaced:
            return
        if self._asked:
            await self._tell("stopped")
        else:
            self.exit_code = status if status >= 0 else 128 - status
            await self._tell("exited", self.exit_code)

    async def _forward(self, channel: Channel) -> None:
        output = TextOutput(lambda data: self._write(channel, data))
        async for chunk in self._process.chunks(channel):
            output.feed(chunk)
            await room(self._sockets, self._watcher, self._hurry)
        output.finish()

    def _write(self, channel: Channel, data: str) -> None:
        owner, id, index = self.project.user_id, self.command.id, self.written
        self.written += 1
        self.recent.add(data)
        self._publish(CommandOutput(owner=owner, command_id=id, data=data, channel=channel, index=index))

    async def _tell(self, status: Literal["running", "exited", "stopped"], exit_code: int | None = None) -> None:
        await self._record(
            CommandStatus(
                owner=self.project.user_id,
                command_id=self.command.id,
                project_id=self.project.id,
                label=self.command.label,
                status=status,
                exit_code=exit_code,
            )
        )
