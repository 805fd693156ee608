"""People merge the branches of their threads (``http-core.md`` §7.7 and §7.8)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.git import Identity
from a_parallel_contracts.threads import NewThread, ThreadMode, ThreadStatus
from tests.plugins.merge.conftest import Works, conflicting, hook, parents
from tests.plugins.worktrees.conftest import tree
from tests.support.repository import Repository, git, make_repository


async def set_status(works: Works, thread_id: str, status: ThreadStatus) -> None:
    await works.running.kernel.db.write(lambda tx: works.threads.update(tx, thread_id, {"status": status.value}))


# --- what a merge does ------------------------------------------------------------------------------------------------


async def test_a_branch_is_merged_into_the_branch_that_the_project_has_checked_out(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    main, tip = works.repository.git("rev-parse", "main"), tree(thread).git("rev-parse", "HEAD")
    answer = await works.merge(thread)
    assert answer["ok"] is True
    assert "Merge made by" in answer["output"] and "new.txt" in answer["output"]
    assert works.repository.git("branch", "--show-current") == "main"
    assert parents(works.repository) == [main, tip]
    assert works.repository.git("log", "-1", "--format=%B") == f"Merge branch '{thread.branch}' into main"
    assert (works.repository.path / "new.txt").read_text() == "new\n"
    assert works.repository.git("status", "--porcelain") == ""
    assert tree(thread).git("rev-parse", "HEAD") == tip
    assert works.benches == [] and len(works.repository.worktrees()) == 2


async def test_the_project_stays_where_it_is_when_another_branch_is_the_target(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"}, base="develop")
    works.repository.write("untracked.txt", "mine\n")
    files = works.state()["trees"][str(works.repository.path)]
    await works.merge(thread)
    assert works.repository.git("branch", "--show-current") == "main"
    assert works.state()["trees"][str(works.repository.path)] == files
    assert works.repository.git("show", "develop:new.txt") == "new"
    assert works.repository.git("reflog", "-1", "--format=%gs", "develop").startswith(f"merge {thread.branch}")


async def test_a_detached_head_stays_detached(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.git("checkout", "--quiet", "--detach")
    head = works.repository.git("rev-parse", "HEAD")
    await works.merge(thread)
    assert works.repository.git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    assert works.repository.git("rev-parse", "HEAD") == head
    assert works.repository.git("show", "main:new.txt") == "new"


async def test_what_is_merged_already_is_up_to_date(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    await works.merge(thread)
    main = works.repository.git("rev-parse", "main")
    assert await works.merge(thread) == {"ok": True, "output": "Already up to date."}
    assert works.repository.git("rev-parse", "main") == main


async def test_settings_of_the_user_do_not_change_what_a_merge_is(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    for name, value in {"merge.ff": "only", "merge.autoStash": "true", "branch.main.mergeOptions": "--squash"}.items():
        works.repository.git("config", name, value)
    await works.merge(thread)
    assert len(parents(works.repository)) == 2


async def test_a_project_may_be_a_directory_of_its_repository(works: Works, tmp_path: Path) -> None:
    directory = works.repository.path / "src"
    made = await works.client.post("/api/projects", json={"name": "Part", "path": str(directory)})
    new = NewThread(
        project_id=made["id"],
        title="x",
        mode=ThreadMode.WORKTREE,
        base_branch="main",
        idle=True,
        user_id=works.project.user_id,
    )
    thread = await works.threads.create(new)
    tree(thread).commit("x", {"new.txt": "new\n"})
    await works.merge(thread)
    assert (works.repository.path / "new.txt").exists()


async def test_user_and_hooks_take_part(works: Works, tmp_path: Path) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    for name in ("pre-merge-commit", "commit-msg", "post-merge"):
        hook(works.repository, name, f"echo {name} >> {tmp_path}/ran")
    await works.merge(thread)
    person = "Änna <anna@example.invalid>"
    assert works.repository.git("log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{person}|{person}"
    assert set((tmp_path / "ran").read_text().split()) == {"pre-merge-commit", "commit-msg", "post-merge"}


async def test_hooks_in_an_ignored_directory_of_the_project_run(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.git("config", "core.hooksPath", "hooks.log")
    script = works.repository.write("hooks.log/commit-msg", "#!/bin/sh\necho refused by the hook; exit 1\n")
    script.chmod(0o755)
    before = works.state()
    code, text = await works.not_merged(thread)
    assert (code, "refused by the hook" in text) == (400, True)
    assert works.state() == before


async def test_all_that_a_refusing_hook_says_reaches_the_user(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    hook(works.repository, "pre-merge-commit", "echo on stdout; echo on stderr >&2; exit 1")
    before = works.state()
    code, text = await works.not_merged(thread)
    assert code == 400
    assert {"on stdout", "on stderr"} <= set(text.splitlines())
    assert works.state() == before and works.benches == []


async def test_without_any_identity_git_says_what_to_do(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.git("config", "user.useConfigOnly", "true")
    works.director.identity = None
    code, text = await works.not_merged(thread)
    assert (code, "git config" in text) == (400, True)
    works.director.identity = Identity("B", "b@example.invalid")
    assert (await works.merge(thread))["ok"] is True


async def test_the_state_of_the_worktree_is_told(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    async with works.client.websocket() as socket:
        await works.merge(thread)
        frame = await socket.receive("git:status")
    assert frame["threadId"] == thread.id
    assert frame["data"]["statuses"][0]["state"] == "merged"


async def test_concurrent_merges_all_arrive(works: Works) -> None:
    threads = [await works.branch(f"Add {n}", {f"{n}.txt": f"{n}\n"}) for n in range(4)]
    answers = await asyncio.gather(
        *(works.client.answer("POST", f"/api/git/{thread.id}/merge", json={}) for thread in threads)
    )
    for thread, answer in zip(threads, answers, strict=True):
        assert answer.status in (200, 409), answer.body
        if answer.status == 409:
            await works.merge(thread)
    assert {f"{n}.txt" for n in range(4)} <= {path.name for path in works.repository.path.iterdir()}
    assert works.repository.git("status", "--porcelain") == "" and works.benches == []


# --- what refuses it --------------------------------------------------------------------------------------------------


async def test_a_conflict_is_told_and_leaves_no_trace(works: Works) -> None:
    thread = await conflicting(works)
    works.repository.write("untracked.txt", "mine\n")
    before, index = works.state(), (works.repository.path / ".git/index").read_bytes()
    code, text = await works.not_merged(thread)
    assert (code, "CONFLICT (content): Merge conflict in shared.txt" in text) == (400, True)
    assert works.state() == before
    assert (works.repository.path / ".git/index").read_bytes() == index
    assert works.snapshots() == [] and works.benches == []


@pytest.mark.parametrize("staged", [False, True])
async def test_uncommitted_changes_of_the_project_refuse_it(works: Works, staged: bool) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.write("shared.txt", "changed\n")
    if staged:
        works.repository.git("add", "shared.txt")
    before = works.state()
    code, text = await works.not_merged(thread)
    assert (code, "shared.txt" in text) == (400, True)
    assert works.state() == before


@pytest.mark.parametrize("name", ["new.txt", "new.log"])
async def test_an_untracked_file_is_never_overwritten(works: Works, name: str) -> None:
    thread = await works.thread()
    tree(thread).write(name, "theirs\n")
    tree(thread).git("add", "--force", name)
    tree(thread).git("commit", "--quiet", "--message", "x")
    works.repository.write(name, "mine\n")
    before = works.state()
    code, text = await works.not_merged(thread)
    assert (code, name in text) == (400, True)
    assert works.state() == before


@pytest.mark.parametrize(
    "target", ["nothing", "main~0", "--help", "../x", "HEAD", "a b", "main\x00", "refs/heads/main"]
)
async def test_a_target_must_be_a_branch(works: Works, target: str) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    before = works.state()
    assert (await works.not_merged(thread, targetBranch=target))[0] == 400
    assert works.state() == before


async def test_a_target_that_only_origin_has_must_be_created_first(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.git("branch", "--delete", "develop")
    code, text = await works.not_merged(thread, targetBranch="develop")
    assert (code, "git branch develop origin/develop" in text) == (400, True)


async def test_a_branch_is_not_merged_into_itself(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    assert (await works.not_merged(thread, targetBranch=thread.branch))[0] == 400


async def test_only_worktree_threads_with_a_branch_and_a_target_can_be_merged(works: Works) -> None:
    local = await works.shown()
    assert await works.not_merged(local) == (400, "Merge is only available for worktree threads")
    without = await works.thread(base=None)
    assert (await works.not_merged(without))[0] == 400
    await set_status(works, local.id, ThreadStatus.COMPLETED)
    assert (await works.merge(without, targetBranch="main"))["output"] == "Already up to date."
    assert await works.refused("POST", "/api/git/nope/merge", {"push": "yes"}) == (404, "Thread not found")
    assert (await works.not_merged(without, push="yes"))[0] == 400


async def test_a_target_that_is_checked_out_elsewhere_is_left_alone(works: Works, tmp_path: Path) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"}, base="develop")
    works.repository.git("worktree", "add", "--quiet", str(tmp_path / "elsewhere"), "develop")
    before = works.state()
    code, text = await works.not_merged(thread)
    assert (code, "elsewhere" in text) == (409, True)
    assert works.state() == before


@pytest.mark.parametrize("doing", ["merge", "cherry-pick", "revert", "rebase", "bisect", "lock"])
async def test_nothing_begins_in_the_middle_of_something_else(works: Works, doing: str) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    repository = works.repository
    repository.git("branch", "other", "main~1")
    repository.git("checkout", "--quiet", "other")
    repository.commit("Other", {"shared.txt": "other\n"})
    repository.git("checkout", "--quiet", "main")
    start: dict[str, list[str]] = {
        "merge": ["merge", "other"],
        "cherry-pick": ["cherry-pick", "other"],
        "revert": ["revert", "--no-commit", "HEAD"],
        "rebase": ["rebase", "other"],
        "bisect": ["bisect", "start"],
        "lock": ["status"],
    }
    if doing in ("merge", "cherry-pick", "rebase"):
        with pytest.raises(AssertionError, match=r"onflict|could not apply"):
            repository.git(*start[doing])
    else:
        repository.git(*start[doing])
    if doing == "lock":
        (repository.path / ".git/index.lock").touch()
    before = works.state()
    code, text = await works.not_merged(thread)
    assert (code, "in progress" in text) == (409, True)
    assert works.state() == before


async def test_nothing_begins_while_a_local_agent_is_at_work_in_the_project(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    local = await works.shown("Busy one")
    await set_status(works, local.id, ThreadStatus.RUNNING)
    code, text = await works.not_merged(thread)
    assert (code, "Busy one" in text) == (409, True)
    await set_status(works, local.id, ThreadStatus.COMPLETED)
    assert (await works.merge(thread))["ok"] is True


async def test_a_project_that_is_gone_is_a_clear_refusal(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.path.rename(works.repository.path.with_name("moved"))
    code, text = await works.not_merged(thread)
    assert code in (400, 424) and "does not exist" in text


# --- push and clean-up ------------------------------------------------------------------------------------------------


async def test_the_target_is_pushed(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    await works.merge(thread, push=True)
    assert works.repository.remote is not None
    assert git(works.repository.remote, "rev-parse", "main") == works.repository.git("rev-parse", "main")


async def test_a_rejected_push_does_not_take_the_merge_back_and_skips_the_clean_up(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    remote = works.repository.remote
    assert remote is not None
    (remote / "hooks").mkdir(exist_ok=True)
    (remote / "hooks/pre-receive").write_text("#!/bin/sh\necho not on Fridays; exit 1\n")
    (remote / "hooks/pre-receive").chmod(0o755)
    code, text = await works.not_merged(thread, push=True, cleanup=True)
    assert code == 400
    assert "The merge itself succeeded" in text and "not on Fridays" in text
    assert (works.repository.path / "new.txt").exists()
    assert (await works.again(thread)).worktree_path and tree(thread).path.is_dir()
    (remote / "hooks/pre-receive").unlink()
    assert (await works.merge(thread, push=True, cleanup=True))["output"] == "Already up to date."
    assert git(remote, "rev-parse", "main") == works.repository.git("rev-parse", "main")
    assert not tree(thread).path.exists()


async def test_clean_up_removes_worktree_and_branch(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    tree(thread).write("kept.log", "ignored\n")
    await works.merge(thread, cleanup=True)
    after = await works.again(thread)
    assert (after.worktree_path, after.branch) == (None, None)
    assert not tree(thread).path.exists()
    assert thread.branch not in works.repository.branches()
    assert len(works.repository.worktrees()) == 1
    snapshot = works.snapshots()[0]
    assert works.repository.git("show", f"{snapshot}:kept.log") == "ignored"
    assert await works.not_merged(after) == (400, "Merge is only available for worktree threads")


@pytest.mark.parametrize("name", ["shared.txt", "untracked.txt"])
async def test_a_worktree_with_uncommitted_changes_is_not_cleaned_up(works: Works, name: str) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    tree(thread).write(name, "uncommitted\n")
    before = works.state()
    code, text = await works.not_merged(thread, cleanup=True)
    assert (code, name in text) == (400, True)
    assert works.state() == before
    assert (await works.merge(thread))["ok"] is True
    assert (tree(thread).path / name).read_text() == "uncommitted\n"


async def test_a_worktree_is_not_removed_under_its_agent(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    await set_status(works, thread.id, ThreadStatus.RUNNING)
    before = works.state()
    assert (await works.not_merged(thread, cleanup=True))[0] == 409
    assert works.state() == before
    assert (await works.merge(thread))["ok"] is True


async def test_a_conflict_keeps_the_worktree_that_was_to_be_cleaned_up(works: Works) -> None:
    thread = await conflicting(works)
    before = works.state()
    assert (await works.not_merged(thread, cleanup=True, push=True))[0] == 400
    assert works.state() == before
    assert (await works.again(thread)).worktree_path == thread.worktree_path


async def test_large_ignored_files_go_only_when_that_is_confirmed(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    large = tree(thread).path / "big" / "file"
    large.parent.mkdir()
    with large.open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    answer = await works.client.answer("POST", f"/api/git/{thread.id}/merge", json={"cleanup": True})
    assert answer.status == 409
    assert "The merge itself succeeded" in answer.json["error"]
    assert [one["path"] for one in answer.json["ignored"]] == ["big"]
    assert large.exists()
    await works.merge(thread, cleanup=True, confirmed=True)
    assert not large.exists()


async def test_clean_up_needs_a_plugin_that_can(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    await works.client.post("/api/kernel/plugins/worktrees/disable")
    assert (await works.not_merged(thread, cleanup=True))[0] == 424
    assert (await works.merge(thread))["ok"] is True


async def test_merging_goes_on_after_a_repository_without_a_remote_was_not_pushed(
    open_works: Any, tmp_path: Path
) -> None:
    works: Works = await open_works(make_repository(tmp_path / "work" / "demo"))
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    code, text = await works.not_merged(thread, push=True)
    assert (code, "The merge itself succeeded" in text) == (400, True)
    assert Repository(works.repository.path).git("show", "main:new.txt") == "new"
