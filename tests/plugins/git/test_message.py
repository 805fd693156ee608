"""Messages for commits (``http-core.md`` §7.6), with an agent that the test plays."""

from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.agents import AGENTS
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.git.diff import FileDiff
from a_parallel_plugins.git.message import CommitMessage, prompt, read_answer
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree


class Scribe:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: str | Exception = "TITLE: feat: x\nBODY: Because."
        self.asked: list[tuple[str, str, float]] = []

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        self.asked.append((prompt, directory, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def scribe() -> Scribe:
    return Scribe()


@pytest.fixture
async def shop(kernel: KernelFactory, tmp_path: Path, scribe: Scribe) -> Shop:
    return await OpenShop(kernel, tmp_path)(services={AGENTS: scribe})


async def test_a_message_for_what_is_staged(shop: Shop, scribe: Scribe) -> None:
    thread = await shop.thread()
    tree(thread).write("staged", "staged line\n")
    tree(thread).git("add", "staged")
    tree(thread).write("loose", "loose line\n")
    answer = await shop.client.post(f"/api/git/{thread.id}/generate-commit-message")
    assert answer == {"title": "feat: x", "body": "Because."}
    ((asked, directory, timeout),) = scribe.asked
    assert ("staged line" in asked, "loose line" in asked) == (True, False)
    assert (directory, timeout) == (thread.worktree_path, 60.0)


@pytest.mark.parametrize(
    ("sent", "included"), [(True, True), ("true", False), (1, False), (False, False), (None, False)]
)
async def test_only_true_includes_what_is_not_staged(shop: Shop, scribe: Scribe, sent: Any, included: bool) -> None:
    thread = await shop.thread()
    tree(thread).write("staged", "staged line\n")
    tree(thread).git("add", "staged")
    tree(thread).write("loose", "loose line\n")
    await shop.client.post(f"/api/git/{thread.id}/generate-commit-message", json={"includeUnstaged": sent})
    assert ("loose line" in scribe.asked[0][0]) == included


async def test_nothing_to_commit(shop: Shop, scribe: Scribe) -> None:
    thread = await shop.thread()
    tree(thread).write("loose", "x")
    path = f"/api/git/{thread.id}/generate-commit-message"
    assert await shop.refused("POST", path, {}) == (400, "No files to generate a commit message for")
    assert scribe.asked == []


@pytest.mark.parametrize("answer", ["", "  \n", FailedDependency("no answer in time")])
async def test_an_agent_without_an_answer(shop: Shop, scribe: Scribe, answer: str | Exception) -> None:
    thread = await shop.thread()
    tree(thread).write("loose", "x")
    scribe.answer = answer
    body = {"includeUnstaged": True}
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/generate-commit-message", body)
    assert (code, text.startswith("Failed to generate commit message")) == (424, True)


async def test_without_agents(kernel: KernelFactory, tmp_path: Path) -> None:
    shop = await OpenShop(kernel, tmp_path)()
    thread = await shop.thread()
    tree(thread).write("loose", "x")
    body = {"includeUnstaged": True}
    assert (await shop.refused("POST", f"/api/git/{thread.id}/generate-commit-message", body))[0] == 424


@pytest.mark.parametrize(
    ("answer", "title", "body"),
    [
        ("TITLE: feat: a\nBODY: One.\nTwo.", "feat: a", "One.\nTwo."),
        ("Sure!\n\nTITLE:   fix: b  \n\nBODY:\nLong\n\ntext\n", "fix: b", "Long\n\ntext"),
        ("fix: no labels\nmore", "fix: no labels", ""),
        ("first\nBODY: b", "first", "b"),
        ("BODY: TITLE: x", "BODY: TITLE: x", "TITLE: x"),
    ],
)
def test_answers(answer: str, title: str, body: str) -> None:
    assert read_answer(answer) == CommitMessage(title=title, body=body)


def test_long_differences_are_cut() -> None:
    long = FileDiff(path="a", status="modified", diff="x" * 30_000, staged=True)
    short = FileDiff(path="b", status="added", diff="", staged=True)
    assert 20_000 < len(prompt([long])) < 21_000
    assert "left out" in prompt([long])
    assert "--- added: b ---\n(no text" in prompt([short])
