"""Whatever agents and people do, what was there when an operation of ours began can be reached afterwards."""

import asyncio
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from a_parallel_contracts.threads import Thread
from a_parallel_kernel.testkit import RunningKernel
from tests.plugins.git.test_snapshot import content
from tests.plugins.worktrees.conftest import PLUGINS, Shop, tree
from tests.support.examples import examples
from tests.support.repository import git, make_repository

FILES = ("a.txt", "b.txt", "dir/c.txt", "dir/deep/d", "noise.log", "build/out", "ü n\n.txt")

edits = st.tuples(st.just("edit"), st.sampled_from(FILES), st.text(alphabet="xyz\r\n", max_size=4))
removals = st.tuples(st.just("remove"), st.sampled_from(FILES), st.just(""))
agents = st.tuples(st.sampled_from(["commit", "add", "detach", "switch", "merge"]), st.just(""), st.just(""))
people = st.tuples(st.sampled_from(["stage", "unstage", "revert"]), st.sampled_from(FILES), st.just(""))
ours = st.tuples(st.sampled_from(["archive", "remove by hand", "restore"]), st.just(""), st.just(""))
steps = st.lists(edits | removals | agents | people | ours | edits, min_size=3, max_size=14)


class Story:
    """One thread, and everything that happens to it."""

    def __init__(self, shop: Shop, thread: Thread) -> None:
        self.shop = shop
        self.thread = thread
        self.number = 0

    @property
    def root(self) -> Path:
        return tree(self.thread).path

    async def step(self, kind: str, name: str, text: str) -> None:
        self.number += 1
        if kind in ("edit", "remove"):
            self._edit(name, text if kind == "edit" else None)
        elif kind in ("commit", "add", "detach", "switch", "merge"):
            self._agent(kind)
        else:
            await self._checked(kind, name)

    def _edit(self, name: str, text: str | None) -> None:
        path = self.root / name
        if text is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def _agent(self, kind: str) -> None:
        commands = {
            "commit": [["add", "--all"], ["commit", "--quiet", "--allow-empty", "--message", str(self.number)]],
            "add": [["add", "--all"]],
            "detach": [["checkout", "--quiet", "--detach"]],
            "switch": [["switch", "--quiet", "--create", f"own-{self.number}"]],
            "merge": [],
        }
        for command in commands[kind]:
            git(self.root, *command)
        if kind == "merge":
            git(self.shop.repository.path, "merge", "--quiet", "--no-edit", git(self.root, "rev-parse", "HEAD"))

    async def _checked(self, kind: str, name: str) -> None:
        """Do what the server does, and look whether something is gone."""
        before = {kept: path for path, (_, kept) in content(self.root).items()}
        head = git(self.root, "rev-parse", "HEAD")
        await getattr(self, kind.replace(" ", "_"))(name)
        lost = {path for kept, path in before.items() if kept not in self.reachable(before)}
        assert not lost, f"{kind} {name!r} lost {lost}"
        assert head in git(self.root, "rev-list", "--all").splitlines(), f"{kind} lost commits"

    def reachable(self, wanted: Iterable[bytes]) -> set[bytes]:
        """Return those of `wanted` that are on disk, or that a ref leads to."""
        oids = {hashlib.sha1(b"blob %d\0" % len(kept) + kept).hexdigest(): kept for kept in wanted}
        listed = git(self.root, "rev-list", "--objects", "--no-object-names", "--all").split()  # HEAD included
        on_disk = {kept for _, kept in content(self.root).values()}
        return {kept for oid, kept in oids.items() if oid in listed or kept in on_disk}

    async def stage(self, name: str) -> None:
        await self._post("stage", name)

    async def unstage(self, name: str) -> None:
        await self._post("unstage", name)

    async def revert(self, name: str) -> None:
        await self._post("revert", name)

    async def _post(self, action: str, name: str) -> None:
        answer = await self.shop.client.answer("POST", f"/api/git/{self.thread.id}/{action}", json={"paths": [name]})
        assert answer.status in (200, 400), answer.body

    async def archive(self, name: str) -> None:
        await self.shop.archive(self.thread)
        await self.shop.archive(self.thread, archived=False)
        await self._provide()

    async def remove_by_hand(self, name: str) -> None:
        body = {"projectId": self.shop.project.id, "worktreePath": self.thread.worktree_path}
        await self.shop.client.delete("/api/worktrees", json=body)
        await self.shop.running.settled()
        await self._provide()

    async def _provide(self) -> None:
        """Let the worktree be made anew; a branch that is checked out elsewhere must be let go first."""
        self.thread, directory = await self.shop.threads.ensure_directory(await self.shop.again(self.thread))
        assert os.path.exists(directory)  # noqa: PTH110

    async def restore(self, name: str) -> None:
        for one in await self.shop.client.get(f"/api/git/{self.thread.id}/snapshots"):
            path = f"/api/git/{self.thread.id}/snapshots/{one['id']}/restore"
            answer = await self.shop.client.answer("POST", path)
            assert answer.status in (200, 400, 409), answer.body


async def tell(directory: Path, story: list[tuple[str, str, str]]) -> None:
    repository = make_repository(directory / "demo", {"a.txt": "a\n", ".gitignore": "*.log\nbuild/\n"})
    running = await RunningKernel.start({}, directory / "data", installed=PLUGINS)
    try:
        made = await running.client.post("/api/projects", json={"name": "Demo", "path": str(repository.path)})
        from a_parallel_contracts.projects import PROJECTS

        shop = Shop(running, repository, await running.service(PROJECTS).get(made["id"]))
        hero = Story(shop, await shop.thread())
        for step in story:
            await hero.step(*step)
    finally:
        await running.stop()


@pytest.mark.timeout(600)
@settings(
    max_examples=examples(8),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(story=steps)
def test_nothing_is_lost(story: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(tell(Path(directory).resolve(), story))
