"""The main job, as a person sees it: an agent edits files in a worktree, and nothing gets lost."""

from pathlib import Path

from tests.contract.client import Client
from tests.contract.shown import Shown
from tests.support.claude_log import invocations
from tests.support.repository import make_repository
from tests.support.server import Server


def without_ids(shown: Shown) -> list[tuple[str, str, list[tuple[str, str | None]]]]:
    """Return what a person reads: roles, texts and tool calls."""
    return [
        (message.role, message.content, [(tool.name, tool.output) for tool in message.tools])
        for message in shown.messages
    ]


async def test_from_a_registered_repository_to_a_restart(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo", remote=tmp_path / "demo.git")
    async with Client(server.base_url) as page:
        assert page.setup["claudeCli"]["available"] is True
        project = await page.register(str(repository.path), "demo")

        thread = await page.start(project, "edit notes.txt then append README.md", baseBranch="main")
        assert thread is not None, page.screen.toasts
        shown = await page.until_status(thread, "completed")
        worktree = Path(shown.row["worktreePath"])
        assert worktree.parent.parent.name == ".a-parallel-worktrees"
        assert (worktree / "notes.txt").read_text().startswith("Hello from the fake agent")
        assert not (repository.path / "notes.txt").exists()
        assert [tool.name for tool in shown.tools] == ["Write", "Edit"]
        assert shown.stage == "review"
        await page.until(lambda screen: thread in screen.git, "the git state")
        assert page.screen.git[thread]["state"] == "dirty"

        await page.send("append README.md")
        await page.until_outcome(thread, "completed")
        assert (worktree / "README.md").read_text().count("A line appended by the fake agent") == 2

        await page.send("slow 30")
        await page.until_status(thread, "running")
        await page.until(lambda screen: ("assistant", "Working slowly.") in screen.threads[thread].texts, "its text")
        assert (await page.stop()).ok
        stopped = await page.until_status(thread, "stopped")
        await server.until_leftovers(0)
        seen = without_ids(stopped)

        await server.restart()
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        again = page.shown(thread)
        assert (again.status, again.stage) == ("stopped", stopped.stage)
        assert without_ids(again) == seen
        assert (worktree / "notes.txt").exists()

        await page.send("append README.md")
        final = await page.until_outcome(thread, "completed")
        assert [text for role, text in final.texts if role == "user"] == [
            "edit notes.txt then append README.md",
            "append README.md",
            "slow 30",
            "append README.md",
        ]
        runs = invocations(server.claude_log)
        assert {run.cwd for run in runs} == {str(worktree)}
        assert [bool(run.option("--resume")) for run in runs] == [False, True, True, True]
        assert page.circuit.faults == []


async def test_what_is_shown_live_is_what_a_reload_shows(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    prompts = [
        "bash then read then todo then toolonly",
        "stream then many 5",
        "multiblock then duptool",
        "unicode then markdown",
        "badjson then partial",
        "bigline 300",
        "tools 20",
        "tworesults",
        "maxturns",
        "execerror",
        "crashafter",
        "crash",
        "crash0",
    ]
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        for prompt in prompts:
            thread = await page.start(project, prompt, mode="local")
            assert thread is not None, page.screen.toasts
            live = await page.until_status(thread, "completed", "failed")
            await page.until(lambda screen: screen.drawn, "the last frame")
            seen, status, stage = without_ids(live), live.status, live.stage
            loaded = await page.load_thread(thread)
            shorter = [(role, text if len(text) < 500 else f"{len(text)} characters") for role, text, _ in seen]
            assert without_ids(loaded) == seen, f"{prompt}: live {shorter}"
            assert (loaded.status, loaded.stage) == (status, stage), prompt
        assert page.circuit.faults == []
