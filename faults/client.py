"""A client that never gives up: it sends again until it is answered, and asks for what it missed."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

import aiohttp

from faults.journal import Journal

PAUSE = 0.05
"""Seconds between two tries."""
ATTEMPTS = 600
AT_WORK = 8
"""Tries of a request whose first try is still at work, or whose fate nobody knows since the server was killed."""
LIMIT = aiohttp.ClientTimeout(total=20, sock_connect=5)

FAILURES = (aiohttp.ClientError, ConnectionError, TimeoutError)


class Caller:
    """Sends requests under a key of their own until there is an answer.

    Parameters:
        base: tells the address, which may change.
        token: of the server.
        journal: notes what was acknowledged.
    """

    def __init__(self, base: Callable[[], str], token: str, journal: Journal) -> None:
        self.base = base
        self._journal = journal
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(self, method: str, path: str, body: Any, key: str) -> Any:
        """Send a request until it is answered; None if it was refused."""
        at_work = 0
        for _ in range(ATTEMPTS):
            try:
                headers = {"Idempotency-Key": key}
                url = f"{self.base()}{path}"
                async with self._session.request(method, url, json=body, headers=headers) as answer:
                    content = await answer.json(content_type=None)
                    if answer.status < 300:
                        return content
                    if answer.status == 409 and at_work < AT_WORK:
                        at_work += 1  # the first try may still be carried out, and will be answered then
                    else:
                        self._journal.refused[answer.status] += 1
                        if answer.status not in (429, 503):
                            return None
                        key += "-again"
            except FAILURES:
                pass
            await asyncio.sleep(PAUSE)
        return None

    async def get(self, path: str) -> Any:
        """Return what a path answers, as soon as it does."""
        for _ in range(ATTEMPTS):
            with contextlib.suppress(*FAILURES):
                async with self._session.get(f"{self.base()}{path}") as answer:
                    if answer.status == 200:
                        return await answer.json()
            await asyncio.sleep(PAUSE)
        raise TimeoutError(f"{path} is not answered")


class Follower:
    """Stays connected to ``/ws`` and notes every frame.

    Parameters:
        base, token, journal: see `Caller`.
    """

    def __init__(self, base: Callable[[], str], token: str, journal: Journal) -> None:
        self.base = base
        self._token = token
        self.journal = journal
        self.connections = 0

    async def run(self) -> None:
        """Follow until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(*FAILURES):
                    await self._follow(session)
                await asyncio.sleep(PAUSE)

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        since = "latest" if self.journal.first is None else str(self.journal.last)
        params = {"token": self._token, "since": since, "also": "threads:message"}
        async with session.ws_connect(f"{self.base()}/ws", params=params, max_msg_size=0, heartbeat=3.0) as socket:
            self.connections += 1
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self.journal.frame(message.json())


class Load:
    """People who do something all the time.

    Parameters:
        caller: sends for them.
        journal: notes what was acknowledged.
        project: where they work.
        chance: decides what they do.
        prompts: what agents are asked; ``{token}`` stands for the mark of the message.
        people: how many.
        pause: seconds for which one rests, at most.
    """

    def __init__(
        self,
        caller: Caller,
        journal: Journal,
        project: str,
        chance: random.Random,
        *,
        prompts: tuple[str, ...],
        people: int = 4,
        pause: float = 0.25,
    ) -> None:
        self._caller = caller
        self._journal = journal
        self._project = project
        self._chance = chance
        self._prompts = prompts
        self._pause = pause
        self._people = people
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.ensure_future(self._person(number)) for number in range(self._people)]

    async def going(self) -> None:
        """Return once everybody has something acknowledged."""
        while len(self._journal.threads) < self._people:  # noqa: ASYNC110 - many tasks
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Let everybody finish what they do."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def _person(self, number: int) -> None:
        chance = random.Random(self._chance.random())  # noqa: S311 - repeatable, not secret
        own: list[str] = []
        step = 0
        while not self._stopping.is_set():
            step += 1
            token = f"#{number}-{step}-{chance.randrange(1 << 32):x}#"
            act = chance.random()
            if not own or act < 0.3:
                await self._create(token, own, chance)
            elif act < 0.7:
                await self._message(token, chance.choice(own[-4:]), chance)
            else:
                await self._pin(token, chance.choice(own), chance)
            await asyncio.sleep(chance.random() * self._pause)

    def _prompt(self, token: str, chance: random.Random) -> str:
        return chance.choice(self._prompts).format(token=token)

    async def _create(self, token: str, own: list[str], chance: random.Random) -> None:
        body = {"projectId": self._project, "mode": "local", "title": token, "prompt": self._prompt(token, chance)}
        made = await self._caller.send("POST", "/api/threads", body, token)
        if made is None:
            self._journal.uncertain.add(token)
            return
        self._journal.threads[token] = made["id"]
        self._journal.messages[token] = made["id"]
        own.append(made["id"])

    async def _message(self, token: str, thread: str, chance: random.Random) -> None:
        body = {"content": self._prompt(token, chance)}
        if await self._caller.send("POST", f"/api/threads/{thread}/message", body, token) is None:
            self._journal.uncertain.add(token)
        else:
            self._journal.messages[token] = thread

    async def _pin(self, token: str, thread: str, chance: random.Random) -> None:
        value = chance.random() < 0.5
        if await self._caller.send("PATCH", f"/api/threads/{thread}", {"pinned": value}, token) is not None:
            self._journal.pins[thread] = value
        else:
            self._journal.pins.pop(thread, None)  # whether it is there is not known
