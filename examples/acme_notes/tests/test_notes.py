"""What a user of the plugin sees."""

import subprocess
import sys
from pathlib import Path

from acme_notes import NotesPlugin
from acme_notes.notebook import NOTES

from a_parallel_contracts.testing import one_thread, thread
from a_parallel_contracts.threads import THREADS, ThreadDeleted
from a_parallel_kernel.testing import KernelFactory, RunPlugin

AGENT = ("projects", "threads", "hosts", "git", "agents", "scripted")


async def test_a_note_is_cut_to_length(run_plugin: RunPlugin) -> None:
    client = await run_plugin(NotesPlugin, services={THREADS: one_thread("t1")}, settings={"max_length": 5})
    await client.post("/api/notes/t1", json={"text": "hello world"})
    assert (await client.get("/api/notes/t1"))[0]["text"] == "hello"


async def test_a_note_reaches_the_page(kernel: KernelFactory) -> None:
    server = await kernel({"notes": NotesPlugin}, services={THREADS: one_thread("t1")})
    async with server.client.websocket() as page:
        await server.client.post("/api/notes/t1", json={"text": "hello"})
        frame = await page.receive("notes:added")
    assert (frame["threadId"], frame["data"]["text"]) == ("t1", "hello")


async def test_an_unknown_thread_has_no_notes(run_plugin: RunPlugin) -> None:
    client = await run_plugin(NotesPlugin, services={THREADS: one_thread("t1")})
    assert (await client.answer("GET", "/api/notes/other")).json == {"error": "Thread not found"}


async def test_notes_go_with_their_thread_and_with_age(kernel: KernelFactory) -> None:
    server = await kernel(
        {"notes": NotesPlugin}, services={THREADS: one_thread("t1")}, settings={"plugins.notes.keep_days": 1e-12}
    )
    book = server.service(NOTES)
    await book.add("t1", "gone with the thread")
    await server.kernel.db.write(lambda tx: tx.emit(ThreadDeleted(thread=thread("t1"))))
    await server.settled()
    assert await server.client.get("/api/notes/t1") == []
    await book.add("t1", "gone with age")
    await book.expire()
    assert await server.client.get("/api/notes/t1") == []


async def test_the_page_gets_the_panel(kernel: KernelFactory) -> None:
    server = await kernel({"notes": NotesPlugin}, installed=("web",), services={THREADS: one_thread("t1")})
    answer = await server.client.answer("GET", "/plugins/notes/panel.js")
    assert answer.status == 200
    assert b"export function mount" in answer.body


async def test_notes_are_counted(run_plugin: RunPlugin) -> None:
    client = await run_plugin(NotesPlugin, services={THREADS: one_thread("t1")})
    await client.post("/api/notes/t1", json={"text": "hello"})
    await client.kernel.settled()
    assert b"a_parallel_notes_added_total 1.0" in (await client.answer("GET", "/metrics")).body


async def test_the_agent_is_told(kernel: KernelFactory, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path / "shop"], check=True)
    server = await kernel({"notes": NotesPlugin}, installed=AGENT, settings={"plugins.agents.provider": "scripted"})
    client = server.client
    project = await client.post("/api/projects", json={"name": "shop", "path": str(tmp_path / "shop")})
    idle = {"projectId": project["id"], "mode": "local", "title": "Fix it"}
    task = await client.post("/api/threads/idle", json=idle)
    await client.post(f"/api/notes/{task['id']}", json={"text": "ask Ada first"})
    async with client.websocket() as page:
        await client.post(f"/api/threads/{task['id']}/message", json={"content": "!echo"})
        await page.receive("agent:result")
    said = next(frame for frame in page.frames if frame["type"] == "agent:message")
    assert "ask Ada first" in said["data"]["content"]


async def test_the_command_shows_notes_while_no_server_runs(kernel: KernelFactory, tmp_path: Path) -> None:
    server = await kernel({"notes": NotesPlugin}, services={THREADS: one_thread("t1")})
    await server.client.post("/api/notes/t1", json={"text": "hello"})
    await server.stop()
    words = [sys.executable, "-m", "a_parallel_kernel", "notes", "t1", "--data-directory", str(tmp_path / "data-0")]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.endswith(" hello\n")


async def test_the_page_shows_a_panel(kernel: KernelFactory) -> None:
    server = await kernel({"notes": NotesPlugin}, installed=("web",), services={THREADS: one_thread("t1")})
    (panel,) = await server.client.get("/api/web/extensions")
    assert (panel["plugin"], panel["kind"], panel["title"]) == ("notes", "panel", "Notes")
    module = await server.client.answer("GET", panel["module"])
    assert module.status == 200
    assert b"export function mount" in module.body
