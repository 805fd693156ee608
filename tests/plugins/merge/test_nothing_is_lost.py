"""Whatever is merged, by whom and with what luck: commits and files that were there can be reached afterwards."""

import asyncio
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a_parallel_contracts import Plugin
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import Thread
from a_parallel_kernel.testkit import RunningKernel
from a_parallel_plugins.agents import AgentsPlugin
from a_parallel_plugins.merge import MergePlugin
from a_parallel_plugins.scripted import ScriptedPlugin
from tests.plugins.merge.conftest import Director, Works
from tests.plugins.worktrees.conftest import PLUGINS, tree
from tests.support.examples import examples
from tests.support.repository import Repository, git, make_repository

Step = tuple[str, int, str, str]
FILES = ("a.txt", "b.txt", "dir/c.txt", "noise.log", "ü n.txt")
SCRIPTS = (
    "!bash git diff --name-only --diff-filter=U -z | xargs -0 git checkout --theirs -- && git add --all",
    "!bash git add --all",
    "!bash echo scribbled > scribbled.txt; echo scribbled > noise.log\n!say MERGE_FAILED: no idea",
    "!bash git merge --abort; git commit --quiet --allow-empty --message astray",
    "!bash git checkout --quiet --ours . ; git add --all; git commit --quiet --no-edit\n!fail",
    "!crash 1",
)

threads = st.integers(0, 2)
names = st.sampled_from(FILES)
targets = st.sampled_from(["main", "main", "develop"])
follow_ups = st.sampled_from(["", "cleanup", "push", "all"])
clashes = st.tuples(st.just("clash"), threads, names, st.just(""))
commits = st.tuples(st.just("commit"), st.integers(-1, 2), names, st.just(""))
edits = st.tuples(st.just("edit"), st.integers(-1, 2), names, st.just(""))
moves = st.tuples(st.just("move"), st.just(-1), st.sampled_from(["main", "develop", "--detach"]), st.just(""))
merges = st.tuples(st.just("merge"), threads, targets, follow_ups)
runs = st.tuples(st.just("run"), st.sampled_from([0, *range(len(SCRIPTS))]), targets, st.just(""))
beginnings = st.lists(clashes | commits, min_size=2, max_size=4)
steps = st.lists(st.one_of(runs, merges, clashes, commits, edits, moves), min_size=2, max_size=7)


class Story:
    """A project and its threads, and everything that happens to them."""

    def __init__(self, works: Works, threads: list[Thread]) -> None:
        self.works = works
        self.threads = threads
        self.number = 0

    async def step(self, kind: str, number: int, name: str, text: str) -> None:
        self.number += 1
        if kind in ("edit", "commit"):
            await self._write(number, name, commit=kind == "commit")
        elif kind == "clash":
            await self._write(number, name, commit=True)
            await self._write(-1, name, commit=True)
        elif kind == "move":
            self._move(name)
        else:
            await self._checked(kind, number, name, text)

    async def _write(self, number: int, name: str, *, commit: bool) -> None:
        root = self.works.repository if number < 0 else await self._tree(number)
        root.write(name, f"{self.number} {number}\n")
        if commit:
            root.git("add", "--all")
            root.git("add", "--force", name)
            root.git("commit", "--quiet", "--message", f"{self.number} {name}")

    async def _tree(self, number: int) -> Repository:
        """Return a thread's worktree, made anew if it has been cleaned up."""
        self.threads[number], _ = await self.works.threads.ensure_directory(
            await self.works.again(self.threads[number])
        )
        return tree(self.threads[number])

    def _move(self, name: str) -> None:
        if not self.works.repository.git("status", "--porcelain"):
            self.works.repository.git("checkout", "--quiet", name)

    async def _checked(self, kind: str, number: int, name: str, text: str) -> None:
        """Do what the server does, and look whether something is gone or changed that must not be."""
        before, files, refs = self.works.state(), self.files(), self.refs()
        happened = await (self._merge(number, name, text) if kind == "merge" else self._run(number, name))
        after = self.works.state()
        assert self.works.benches == [], f"{kind} left a working tree"
        assert after["head"] == before["head"] and after["doing"] == before["doing"]
        assert happened or after == before, f"{kind} failed and changed something"
        reachable = git(self.works.repository.path, "rev-list", "--objects", "--no-object-names", "--all").split()
        assert refs <= {*reachable}, f"{kind} lost commits"
        lost = {path for blob, path in files.items() if blob not in reachable and blob not in self.files()}
        assert not lost, f"{kind} lost {lost}"

    async def _merge(self, number: int, target: str, options: str) -> bool:
        thread = await self.works.again(self.threads[number])
        body = {"targetBranch": target, "push": options in ("push", "all"), "cleanup": options in ("cleanup", "all")}
        answer = await self.works.client.answer("POST", f"/api/git/{thread.id}/merge", json=body)
        await self.works.running.settled()
        assert answer.status in (200, 400, 409), answer.body
        return answer.status == 200 or "The merge itself succeeded" in answer.json["error"]

    async def _run(self, number: int, target: str) -> bool:
        self.works.director.script = SCRIPTS[number]
        report, _ = await self.works.run(target_branch=target)
        return any(result.success for result in report.results)

    def refs(self) -> set[str]:
        return set(git(self.works.repository.path, "for-each-ref", "--format=%(objectname)").split())

    def files(self) -> dict[str, Path]:
        """Return the files of all working trees by the hash that git gives them."""
        found = {}
        for root in self.works.repository.worktrees():
            for path in root.rglob("*"):
                if path.is_file() and ".git" not in path.relative_to(root).parts:
                    kept = path.read_bytes()
                    found[hashlib.sha1(b"blob %d\0" % len(kept) + kept).hexdigest()] = path
        return found


async def tell(directory: Path, story: list[Step]) -> None:
    files = {"a.txt": "a\n", "b.txt": "b\n", ".gitignore": "*.log\n"}
    repository = make_repository(directory / "demo", files, remote=directory / "remote.git", branches=("develop",))
    director = Director()
    plugins: dict[str, type[Plugin]] = {
        "merge": MergePlugin,
        "agents": AgentsPlugin,
        "scripted": ScriptedPlugin,
        "director": director.plugin(),
    }
    chosen = {"plugins.agents.provider": "scripted", "plugins.scripted.pace": 0}
    running = await RunningKernel.start(plugins, directory / "data", installed=PLUGINS, settings=chosen)
    try:
        made = await running.client.post("/api/projects", json={"name": "Demo", "path": str(repository.path)})
        works = Works(running, repository, await running.service(PROJECTS).get(made["id"]), director)
        hero = Story(works, [await works.thread(f"Thread {number}") for number in range(3)])
        for step in story:
            await hero.step(*step)
    finally:
        await running.stop()


@pytest.mark.timeout(600)
@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(beginning=beginnings, story=steps)
def test_nothing_is_lost(beginning: list[Step], story: list[Step]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(tell(Path(directory).resolve(), [*beginning, ("run", 0, "main", ""), *story]))
