"""Plays the unmodified React client against a running server, as the documents describe it.

`Page` boots, connects and reconnects; this adds what a person does with it and sees on it.
"""

from typing import Any

from tests.contract.api import Reply
from tests.contract.page import Page
from tests.contract.shown import Shown


class Client(Page):
    """One browser page and the person in front of it."""

    async def register(self, path: str, name: str) -> str:
        """Add a project and return its id."""
        reply = await self.act("POST", "/api/projects", {"name": name, "path": path})
        assert reply.ok, reply.error
        await self.load_projects()
        return str(reply.body["id"])

    async def start(self, project_id: str, prompt: str, mode: str = "worktree", **options: Any) -> str | None:
        """Start a thread and open it; return its id, or None after a toast."""
        body = {"projectId": project_id, "title": "", "mode": mode, "prompt": prompt, **options}
        reply = await self.act("POST", "/api/threads", body)
        await self.load_threads(project_id)
        if not reply.ok:
            return None
        await self.load_thread(reply.body["id"])
        return str(reply.body["id"])

    async def send(self, text: str, **options: Any) -> Reply:
        """Say something in the open thread; it is shown before the server knows."""
        self.screen.say(text, len(options.get("images", [])))
        self._sent = len(self.screen.history.get(str(self.screen.open_id), []))
        return await self.act("POST", f"/api/threads/{self.screen.open_id}/message", {"content": text, **options})

    async def stop(self) -> Reply:
        """Press stop in the open thread."""
        return await self.act("POST", f"/api/threads/{self.screen.open_id}/stop")

    async def approve(self, tool: str, approved: bool = True) -> Reply:
        """Press a button of the permission card."""
        body = {"toolName": tool, "approved": approved}
        return await self.act("POST", f"/api/threads/{self.screen.open_id}/approve-tool", body)

    def shown(self, thread_id: str) -> Shown:
        """Return what a person sees of a thread."""
        if self.breach is not None:
            raise self.breach
        return self.screen.threads[thread_id]
