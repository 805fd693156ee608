"""Shows in a terminal what a thread's agent does, as a browser would get it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp

WIDTH = 100


class Show:
    """A client of a running server.

    Parameters:
        url: of the server.
        token: its bearer token.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._session: aiohttp.ClientSession
        self._shown: dict[str, str] = {}
        self._in_text = False
        self._events: dict[str, Callable[[dict[str, Any]], None]] = {
            "agent:message": self._message,
            "agent:tool_call": self._tool_call,
            "agent:tool_output": self._tool_output,
        }

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"})
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def run(self, repository: Path, prompt: str) -> None:
        """Register the repository, start a thread in a worktree, and show it until it ends."""
        project = await self._post("/api/projects", {"name": repository.name, "path": str(repository)})
        async with self._session.ws_connect(f"{self._url}/ws", params={"token": self._token}) as socket:
            wanted = {"projectId": project["id"], "mode": "worktree", "prompt": prompt}
            thread = await self._post("/api/threads", wanted)
            print(f"A thread works in its own worktree: {thread.get('worktreePath')}\n\nYou: {prompt}\n", flush=True)
            async for frame in socket:
                event = frame.json()
                if event["threadId"] == thread["id"] and self._show(event["type"], event["data"]):
                    return

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        async with self._session.post(f"{self._url}{path}", json=body) as response:
            answer = await response.json()
            if response.status >= 400:
                raise SystemExit(f"a-parallel demo: {path} answered {response.status}: {answer}")
            return answer

    def _show(self, name: str, data: dict[str, Any]) -> bool:
        """Show an event and return whether it was the last one."""
        if name in self._events:
            self._events[name](data)
        if name == "agent:status" and data["status"] == "waiting":
            print("\n[the agent waits for an answer, which this demo cannot give]")
        ended = name == "agent:result" or data.get("status") in ("failed", "stopped", "waiting")
        if ended:
            cost = f", ${data['cost']:.3f}" if "cost" in data else ""
            print(f"\n[{data['status']}{cost}]", flush=True)
        return ended

    def _message(self, data: dict[str, Any]) -> None:
        known, content = self._shown.get(data["messageId"], ""), data["content"]
        if content and not known:
            print("Agent: ", end="")
        self._in_text = self._in_text or bool(content)
        print(content[len(known) :], end="", flush=True)
        self._shown[data["messageId"]] = content

    def _tool_call(self, data: dict[str, Any]) -> None:
        arguments = ", ".join(f"{key}={_short(value)}" for key, value in data["input"].items())
        begun = "\n" if self._in_text else ""
        self._in_text = False
        print(f"{begun}  → {data['name']}({arguments})", flush=True)

    def _tool_output(self, data: dict[str, Any]) -> None:
        for line in data["output"].splitlines()[:8]:
            print(f"    {line[:WIDTH]}")
        print(flush=True)


def _short(value: Any) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:60]}…"
