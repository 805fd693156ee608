"""``a-parallel restart``, and terminals that outlive the server."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from a_parallel_plugins.hosts.listing import held_in
from tests.contract.client import Client
from tests.support.claude_log import invocations
from tests.support.fixtures import ServerFactory
from tests.support.processes import alive
from tests.support.repository import make_repository
from tests.support.server import Server

SURVIVE = "[plugins.agents]\nsurvive = true\n[plugins.pty]\nshell = '/bin/sh'\n"


class Screen:
    """A page with one terminal."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.text = ""

    async def say(self, kind: str, **data: object) -> None:
        """Send a message about the terminal."""
        await self._socket.send_json({"type": f"pty:{kind}", "data": {"id": "p1", **data}})

    async def until(self, pattern: str) -> str:
        """Return what was shown once it fits `pattern`."""
        async with asyncio.timeout(20):
            while not re.search(pattern, self.text):
                frame = json.loads((await self._socket.receive()).data)
                if frame["type"] == "pty:data":
                    self.text += frame["data"]["data"]
        return self.text


@asynccontextmanager
async def terminal_of(server: Server) -> AsyncIterator[Screen]:
    """Open a page."""
    url = f"{server.base_url}/ws?token={server.token}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        yield Screen(socket)


async def restart(server: Server, *words: str) -> tuple[int, str]:
    """Run ``a-parallel restart`` and return its exit status and what it says."""
    options = ["restart", "--config", str(server.config_file), *words]
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "a_parallel_kernel", *options, env=server.environment, stdout=-1, stderr=-2
    )
    said, _ = await command.communicate()
    assert command.returncode is not None
    return command.returncode, said.decode()


async def test_a_restart_replaces_the_server_and_agents_go_on(server_factory: ServerFactory, tmp_path: Path) -> None:
    server = await server_factory(config=SURVIVE).start()
    async with Client(server.base_url) as page:
        project = await page.register(str(make_repository(tmp_path / "demo").path), "demo")
        thread = await page.start(project, "tools 50 then slow 3 then bash then tools 51", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until(lambda screen: len(screen.threads[thread].tools) >= 20, "calls")
        pid = server.pid
        status, said = await restart(server)
        assert (status, said.splitlines()[-1].endswith(f"is ready at {server.base_url}")) == (0, True), said
        assert server.process is not None
        assert server.process.poll() is None
        assert server.pid == pid
        await page.until_status(thread, "completed")
        shown = await page.load_thread(thread)
        outputs = [tool.output for tool in shown.tools if "ls" not in str(tool.input)]
        assert outputs == [f"{number}\n" for count in (50, 51) for number in range(1, count + 1)]
        assert len(invocations(server.claude_log)) == 1
        assert "interrupted" not in page.screen.history[thread]
    await server.stop()


async def test_nobody_is_refused_during_a_restart(server_factory: ServerFactory) -> None:
    server = await server_factory(config=SURVIVE).start()
    answers: list[int] = []
    over = asyncio.Event()

    async def ask() -> None:
        while not over.is_set():
            async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/api/health") as answer:
                answers.append(answer.status)

    asking = asyncio.create_task(ask())
    status, said = await restart(server)
    over.set()
    await asking
    assert status == 0, said
    assert set(answers) <= {200, 503}
    await server.stop()


async def test_a_server_that_would_not_start_again_is_not_replaced(server_factory: ServerFactory) -> None:
    server = await server_factory(config=SURVIVE).start()
    server.config_file.write_text("[server")
    os.kill(server.pid, signal.SIGUSR2)
    await server.until_logged("is not replaced")
    async with Client(server.base_url) as page:
        assert (await page.api.call("GET", "/api/health")).ok
    await server.stop()


async def test_without_a_server_there_is_nothing_to_restart(server_factory: ServerFactory) -> None:
    server = server_factory()
    status, said = await restart(server)
    assert status == 1
    assert "no server runs" in said


async def test_a_terminal_outlives_a_killed_server_and_a_restart(server_factory: ServerFactory) -> None:
    server = await server_factory(config=SURVIVE).start()
    async with terminal_of(server) as screen:
        await screen.say("spawn", rows=20, cols=70)
        await screen.say("write", data="mine=42; echo fir''st $mine\n")
        await screen.until("first 42")
        await screen.say("write", data="(sleep 1; echo whi''le away) &\n")
        await screen.until(r"while|\d+")
    (held,) = held_in(server.data_directory / "holders")
    await server.kill()
    await asyncio.sleep(1.2)
    await server.start()
    async with terminal_of(server) as screen:  # as the contract's client does: it only goes on listening
        await screen.until("while away")
        await screen.say("write", data="echo sec''ond $mine; stty size\n")
        shown = await screen.until("second 42\r\n20 70")
        assert "first 42" not in shown
    status, said = await restart(server)
    assert status == 0, said
    async with terminal_of(server) as screen:
        await screen.say("attach")
        await screen.until("first 42(.|\n)*while away(.|\n)*second 42")
        await screen.say("write", data="echo thi''rd $mine\n")
        await screen.until("third 42")
        assert alive(held.pid)
        await screen.say("kill")
    async with asyncio.timeout(10):
        while alive(held.pid) or alive(held.holder):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)
    await server.stop()


async def test_terminals_end_with_sigterm_and_unless_they_are_held_with_a_kill(server_factory: ServerFactory) -> None:
    server = await server_factory(config=SURVIVE).start()
    async with terminal_of(server) as screen:
        await screen.say("spawn")
        await screen.say("write", data="echo fir''st\n")
        await screen.until("first")
        assert len(held_in(server.data_directory / "holders")) == 1
    await server.stop()  # which checks that no process is left
    server.config_file.write_text(f"{SURVIVE}survive = false\n")
    await server.start()
    async with terminal_of(server) as screen:
        await screen.say("spawn")
        await screen.say("write", data="echo fir''st\n")
        await screen.until("first")
        assert held_in(server.data_directory / "holders") == []
    await server.stop()
