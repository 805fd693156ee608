"""What refs say, read by libgit2 and by git itself with the same result."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from a_parallel_contracts import BadRequest
from a_parallel_contracts.hosts import Host
from a_parallel_plugins.git import refs
from a_parallel_plugins.git.commands import Commands
from a_parallel_plugins.git.service import GitService
from a_parallel_plugins.git.store_git import GitStore
from a_parallel_plugins.git.store_libgit2 import Libgit2Store
from tests.support.repository import Repository, git, make_repository

T = TypeVar("T")


class Ask:
    """Asks by one of the two ways."""

    def __init__(self, way: str, host: Host) -> None:
        self.way = way
        self.commands = Commands(host)

    async def __call__(self, path: Path, question: Callable[[refs.RefStore], T]) -> T:
        loop = asyncio.get_running_loop()

        def work() -> T:
            libgit2 = self.way == "libgit2"
            return question(Libgit2Store(path) if libgit2 else GitStore(self.commands, loop, path))

        return await asyncio.to_thread(work)


@pytest.fixture(params=["libgit2", "git"])
def ask(request: pytest.FixtureRequest, host: Host) -> Ask:
    return Ask(request.param, host)


async def test_branches_of_an_ordinary_clone(ask: Ask, cloned: Repository) -> None:
    cloned.git("branch", "feature/one")
    found = await ask(cloned.path, refs.describe)
    assert found.branches == ["develop", "feature/one", "main"]
    assert (found.default_branch, found.current_branch) == ("main", "main")


async def test_the_default_branch_is_that_of_origin(ask: Ask, cloned: Repository) -> None:
    cloned.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
    assert await ask(cloned.path, refs.default_branch) == "develop"


@pytest.mark.parametrize(
    ("names", "default"), [(("z", "develop", "master"), "master"), (("z", "develop"), "develop"), (("z", "b"), "b")]
)
async def test_the_default_branch_without_origin(
    ask: Ask, tmp_path: Path, names: tuple[str, ...], default: str
) -> None:
    made = make_repository(tmp_path / "r", branch=names[0], branches=names[1:])
    assert await ask(made.path, refs.default_branch) == default


async def test_a_repository_without_commits(ask: Ask, tmp_path: Path) -> None:
    made = make_repository(tmp_path / "r", {}, branch="trunk")
    found = await ask(made.path, refs.describe)
    assert (found.branches, found.default_branch, found.current_branch) == ([], None, "trunk")
    assert await ask(made.path, lambda store: store.head()) == refs.Head("trunk", None)


async def test_a_detached_head_is_no_branch(ask: Ask, repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--detach")
    found = await ask(repository.path, refs.describe)
    assert (found.branches, found.current_branch) == (["main"], "HEAD")


async def test_without_local_branches_those_of_origin_serve(ask: Ask, cloned: Repository) -> None:
    cloned.git("checkout", "--quiet", "--detach")
    cloned.git("branch", "--quiet", "-D", "main", "develop")
    cloned.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    found = await ask(cloned.path, refs.describe)
    assert (found.branches, found.default_branch) == (["develop", "main"], "main")


async def test_a_linked_worktree_has_its_own_head(ask: Ask, repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    assert (await ask(tmp_path / "side", lambda store: store.head())).branch == "side"
    assert (await ask(repository.path / "src", lambda store: store.head())).branch == "main"


@pytest.mark.parametrize("revision", ["", "-n", "--all", "nope", "..", "a b", "^main", "a\0b", "main..main", "x:y"])
async def test_what_names_no_commit(ask: Ask, repository: Repository, revision: str) -> None:
    assert await ask(repository.path, lambda store: store.commit(revision)) is None


async def test_what_names_a_commit(ask: Ask, repository: Repository) -> None:
    oid = repository.git("rev-parse", "HEAD")
    repository.git("tag", "--annotate", "--message", "v", "v1")
    revisions = ("main", "refs/heads/main", "HEAD", "v1", oid, oid[:10])
    assert await ask(repository.path, lambda store: {store.commit(revision) for revision in revisions}) == {oid}
    assert await ask(repository.path, lambda store: store.commit("HEAD^{tree}")) is None


async def test_a_new_branch_is_not_merged(ask: Ask, repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.git("switch", "--quiet", "main")
    repository.commit("goes on", {"other": "1"})
    tip = repository.git("rev-parse", "side")
    assert await ask(repository.path, lambda s: refs.against_base(s, "side", tip, "main", None)) == refs.AgainstBase()


async def test_a_branch_whose_commits_are_all_in_the_base_is_merged(ask: Ask, repository: Repository) -> None:
    born = repository.git("rev-parse", "HEAD")
    repository.git("switch", "--quiet", "--create", "side")
    tip = repository.commit("own", {"own": "1"})
    before = await ask(repository.path, lambda s: refs.against_base(s, "side", tip, "main", born))
    assert before == refs.AgainstBase(ahead=1, merged=False)
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--ff-only", "side")
    after = await ask(repository.path, lambda s: [refs.against_base(s, "side", tip, "main", b) for b in (born, None)])
    assert after == [refs.AgainstBase(ahead=0, merged=True)] * 2


async def test_following_the_base_brings_no_commits_of_its_own(ask: Ask, repository: Repository) -> None:
    born = repository.git("rev-parse", "HEAD")
    repository.git("branch", "side")
    repository.commit("goes on", {"other": "1"})
    repository.git("switch", "--quiet", "side")
    repository.git("merge", "--quiet", "--ff-only", "main")
    tip = repository.git("rev-parse", "side")
    assert not (await ask(repository.path, lambda s: refs.against_base(s, "side", tip, "main", born))).merged


async def test_a_branch_merged_at_origin_is_merged(ask: Ask, cloned: Repository) -> None:
    born = cloned.git("rev-parse", "HEAD")
    cloned.git("switch", "--quiet", "--create", "side")
    tip = cloned.commit("own", {"own": "1"})
    cloned.git("push", "--quiet", "origin", "side:main")
    assert (await ask(cloned.path, lambda s: refs.against_base(s, "side", tip, "main", born))).merged


async def test_a_branch_is_not_merged_into_itself(ask: Ask, repository: Repository) -> None:
    tip = repository.commit("second", {"x": "1"})
    assert await ask(repository.path, lambda s: refs.against_base(s, "main", tip, None, None)) == refs.AgainstBase()


async def test_without_a_base_the_default_branch_counts(ask: Ask, repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    tip = repository.commit("own", {"own": "1"})
    assert (await ask(repository.path, lambda s: refs.against_base(s, "side", tip, None, None))).ahead == 1


def move(message: str, old: str = "a" * 40) -> refs.Move:
    return refs.Move(old, "b" * 40, message)


def test_reflog_messages_that_bring_commits() -> None:
    own = (
        "commit: x",
        "commit (amend): x",
        "cherry-pick: x",
        "revert: x",
        "merge side: Merge made by the 'ort' strategy.",
    )
    followed = (
        "merge main: Fast-forward",
        "pull: Fast-forward",
        "pull origin main: Fast-forward",
        "reset: moving to x",
    )
    assert all(refs.brings_commits(move(message)) for message in own)
    assert not any(refs.brings_commits(move(message)) for message in followed)
    assert not refs.brings_commits(move("commit (initial): x", "0" * 40))


def test_the_birth_is_the_oldest_entry_or_what_came_before_it() -> None:
    made = move("branch: Created from main", "0" * 40)
    assert refs.birth([move("commit: y"), made]) == "b" * 40
    assert refs.birth([move("commit: y"), move("commit: x", "c" * 40)]) == "c" * 40
    assert refs.birth([]) is None


async def test_sha256_repositories_are_read_by_git(service: GitService, tmp_path: Path) -> None:
    path = tmp_path / "sha256"
    path.mkdir()
    git(path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    git(path, "commit", "--quiet", "--allow-empty", "--message", "one")
    assert (await service.branches(path)).branches == ["main"]
    assert len(await service.resolve(path, "main") or "") == 64


async def test_partial_clones_are_read(service: GitService, cloned: Repository) -> None:
    cloned.git("config", "core.repositoryFormatVersion", "1")
    cloned.git("config", "extensions.partialClone", "origin")
    cloned.git("config", "extensions.worktreeConfig", "true")
    assert Libgit2Store(cloned.path).local_branches() == ["develop", "main"]
    assert (await service.branches(cloned.path)).current_branch == "main"


async def test_what_is_no_repository_says_so(service: GitService, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="not a git repository"):
        await service.branches(tmp_path)
    with pytest.raises(BadRequest, match="does not exist any more"):
        await service.branches(tmp_path / "gone")


async def test_where_a_branch_left_its_base(ask: Ask, cloned: Repository) -> None:
    fork = cloned.git("rev-parse", "HEAD")
    cloned.git("switch", "--quiet", "--create", "side")
    cloned.commit("own", {"own": "1"})
    assert await ask(cloned.path, lambda store: refs.departure(store, "main")) == fork
    assert await ask(cloned.path, lambda store: refs.departure(store, "nowhere")) is None


async def test_a_local_base_that_is_behind_does_not_count(ask: Ask, cloned: Repository) -> None:
    cloned.git("switch", "--quiet", "--create", "newer")
    newer = cloned.commit("on origin", {"theirs": "1"})
    cloned.git("update-ref", "refs/remotes/origin/main", "HEAD")
    cloned.git("switch", "--quiet", "--create", "side")
    cloned.commit("own", {"own": "1"})
    assert await ask(cloned.path, lambda store: refs.departure(store, "main")) == newer


async def test_on_the_base_itself_what_origin_lacks_is_new(ask: Ask, cloned: Repository) -> None:
    pushed = cloned.git("rev-parse", "HEAD")
    cloned.commit("own", {"own": "1"})
    assert await ask(cloned.path, lambda store: refs.departure(store, "main")) == pushed


async def test_unrelated_histories_have_no_departure(ask: Ask, cloned: Repository) -> None:
    cloned.git("switch", "--quiet", "--orphan", "alone")
    assert await ask(cloned.path, lambda store: refs.departure(store, "main")) is None
    cloned.commit("alone", {"alone": "1"})
    assert await ask(cloned.path, lambda store: refs.departure(store, "main")) is None
