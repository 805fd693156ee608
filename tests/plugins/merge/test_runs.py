"""Runs of the merge agent (``merge-agent.md``)."""

from collections.abc import Callable
from typing import Any

import pytest

from a_parallel_contracts import BadRequest
from a_parallel_contracts.agents import Decision
from a_parallel_contracts.merge import (
    Candidate,
    MergeAborted,
    MergeBranchDone,
    MergeCompleted,
    MergeOptions,
    MergeReport,
    MergeStarted,
)
from a_parallel_contracts.threads import ThreadStatus
from tests.plugins.merge.conftest import Works, conflicting, hook, parents
from tests.plugins.merge.test_interactive import set_status
from tests.plugins.worktrees.conftest import tree


async def test_all_branches_that_are_ready_are_merged_the_smallest_first(works: Works) -> None:
    large = await works.branch("Large", {"large.txt": "1\n"})
    tree(large).commit("more", {"large.txt": "2\n"})
    small = await works.branch("Small", {"small.txt": "1\n"})
    tree(small).git("push", "--quiet", "--set-upstream", "origin", str(small.branch))
    report, thread = await works.run()
    assert report.summary == "Merged 2/2 branches into main — $0.0000"
    assert [(one.branch, one.success, one.had_conflicts) for one in report.results] == [
        (small.branch, True, False),
        (large.branch, True, False),
    ]
    assert works.repository.git("log", "--first-parent", "--format=%s", "-2", "main").splitlines() == [
        f"Merge branch '{large.branch}' into main",
        f"Merge branch '{small.branch}' into main",
    ]
    started = next(event for event in works.director.events if isinstance(event, MergeStarted))
    assert started.branches == [
        Candidate(branch=str(small.branch), worktree_path=str(small.worktree_path), status="pushed", commit_count=1),
        Candidate(branch=str(large.branch), worktree_path=str(large.worktree_path), status="unpushed", commit_count=2),
    ]
    assert works.director.named() == [
        "MergeStarted",
        *["MergeBranchStarted", "MergeBranchDone"] * 2,
        "MergeCompleted",
    ]
    assert (thread.status, thread.stage, thread.cost) == ("completed", "review", 0)
    assert (await works.said(thread))[-1] == report.summary
    assert works.director.runs == [] and works.benches == []
    assert {small.branch, large.branch} <= set(works.repository.branches())
    assert len(works.repository.worktrees()) == 3


async def test_nothing_ready_is_a_success(works: Works) -> None:
    await works.thread()
    report, thread = await works.run()
    assert (report.summary, report.has_findings) == ("No branches ready to merge", False)
    assert thread.status == "completed"
    assert works.director.named() == ["MergeStarted", "MergeCompleted"]


async def test_what_is_not_ready_is_left_out(works: Works, tmp_path: Any) -> None:
    dirty = await works.branch("Dirty", {"dirty.txt": "1\n"})
    tree(dirty).write("uncommitted.txt", "x")
    await works.thread("New one")
    merged = await works.branch("Merged", {"merged.txt": "1\n"})
    works.repository.git("merge", "--quiet", str(merged.branch))
    busy = await works.branch("Busy", {"busy.txt": "1\n"})
    await set_status(works, busy.id, ThreadStatus.WAITING)
    detached = await works.branch("Detached", {"detached.txt": "1\n"})
    tree(detached).git("checkout", "--quiet", "--detach")
    other = await works.branch("Other", {"other.txt": "1\n"})
    gone = await works.branch("Gone", {"gone.txt": "1\n"})
    tree(gone).path.rename(tmp_path / "gone")
    assert (await works.run(branches=["nothing"]))[0].results == []
    report, _ = await works.run()
    assert [one.branch for one in report.results] == [other.branch]


async def test_the_target_is_found_when_none_is_named(works: Works) -> None:
    thread = await works.branch("Add it", {"new.txt": "new\n"})
    works.repository.git("checkout", "--quiet", "--detach")
    shown = await works.shown()
    report = await works.merges.run(works.project, shown, MergeOptions())
    assert (report.target_branch, [one.branch for one in report.results]) == ("main", [thread.branch])


async def test_a_target_that_is_missing_fails_before_anything_begins(works: Works) -> None:
    shown = await works.shown()
    works.repository.git("branch", "--delete", "develop")
    with pytest.raises(BadRequest, match="origin"):
        await works.merges.run(works.project, shown, MergeOptions(target_branch="develop"))
    after = await works.again(shown)
    assert after.status == "failed"
    assert "Merge agent error" in (await works.said(after))[-1]


# --- conflicts --------------------------------------------------------------------------------------------------------


async def test_an_agent_resolves_a_conflict_beside_the_project(works: Works) -> None:
    branch = await conflicting(works)
    works.repository.write("untracked.txt", "mine\n")
    works.director.script = f"!say Reading both sides\n{RESOLVED}\n!say MERGE_OK\n!cost 0.25"
    main, tip = works.repository.git("rev-parse", "main"), tree(branch).git("rev-parse", "HEAD")
    report, thread = await works.run()
    assert report.summary == "Merged 1/1 branches into main — $0.2500"
    assert report.results[0].had_conflicts and report.results[0].cost_usd == 0.25
    assert parents(works.repository) == [main, tip]
    assert works.repository.git("log", "-1", "--format=%B%an|%cn") == (
        f"Merge branch '{branch.branch}' into main\nÄnna|Änna"
    )
    assert sorted((works.repository.path / "shared.txt").read_text().split()) == ["ours", "theirs"]
    assert works.repository.git("status", "--porcelain") == "?? untracked.txt"
    run = works.director.runs[0]
    assert not run.directory.startswith(str(works.repository.path)) and works.benches == []
    assert "'shared.txt'" in run.prompt.text
    assert run.allowed_tools == ("Bash", "Read", "Edit", "Write", "Glob", "Grep") and run.max_turns == 50
    assert thread.cost == 0.25
    said = await works.said(thread)
    assert "Reading both sides" in said and said[-1] == report.summary
    calls = [call for message in await works.threads.messages(thread.id) for call in message.tool_calls]
    assert [call.name for call in calls] == ["Bash"]


RESOLVED = "!bash printf 'ours\\ntheirs\\n' > shared.txt && git add shared.txt"


async def test_a_commit_of_the_agent_itself_is_as_good(works: Works) -> None:
    branch = await conflicting(works)
    works.director.script = f"{RESOLVED}\n!bash git commit --quiet --no-edit"
    report, _ = await works.run()
    assert report.failures == 0
    assert works.repository.git("log", "-1", "--format=%an", "main") == "Änna"
    assert len(parents(works.repository)) == 2 and branch.branch


FAILURES: dict[str, tuple[str, str]] = {
    "gives up": ("!say MERGE_FAILED: Ambiguous conflict in shared.txt - both\n!say Good luck", "Ambiguous conflict"),
    "gives up after resolving": (f"{RESOLVED}\n!say MERGE_FAILED: not sure\n!say MERGE_OK", "not sure"),
    "does nothing": ("!say MERGE_OK", "Not resolved: shared.txt"),
    "leaves markers": ("!bash git add shared.txt", "Conflict markers are left in shared.txt"),
    "leaves one marker": (
        "!bash grep -v '^[<>]' shared.txt > r; mv r shared.txt; git add shared.txt",
        "markers are left",
    ),
    "aborts": ("!bash git merge --abort", "given up"),
    "leaves a file": (f"{RESOLVED}\n!bash echo x > forgotten.txt", "forgotten.txt"),
    "changes more": (f"{RESOLVED}\n!bash echo x >> README.md", "README.md"),
    "fails": (f"{RESOLVED}\n!fail", "did not finish (error_during_execution)"),
    "crashes": (f"{RESOLVED}\n!crash 3 out of memory", "out of memory"),
    "exits": ("!exit", "did not finish (exited)"),
    "hangs": (f"{RESOLVED}\n!hang", "too long"),
    "resets": ("!bash git reset --quiet --hard && git checkout --quiet main~1", "not part of the result"),
    "commits half": (
        "!bash git checkout --quiet --ours shared.txt && git rm --cached -q README.md && "
        "git add shared.txt && git commit --quiet --no-edit && git reset --quiet --hard HEAD~1",
        "given up",
    ),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_success_is_what_git_says_and_anything_else_leaves_everything_as_it_was(
    open_works: Callable[..., Any], kind: str
) -> None:
    works: Works = await open_works(**{"plugins.merge.agent_limit": 1 if kind == "hangs" else 60})
    await conflicting(works)
    works.repository.write("untracked.txt", "mine\n")
    works.director.script, expected = FAILURES[kind]
    before = works.state()
    report, thread = await works.run()
    assert (report.failures, thread.status) == (1, "failed")
    assert report.results[0].error is not None and expected in report.results[0].error
    assert report.results[0].had_conflicts
    assert works.state() == before
    assert works.benches == []
    assert "MergeAborted" not in works.director.named()
    assert thread.cost == report.total_cost_usd


async def test_what_an_agent_has_done_is_kept_when_the_merge_fails(works: Works) -> None:
    await conflicting(works)
    works.director.script = (
        f"{RESOLVED}\n!write notes.txt my notes\n!write deep/build.log log\n!say MERGE_FAILED: not sure"
    )
    _, thread = await works.run()
    kept = await works.client.get(f"/api/git/{thread.id}/snapshots")
    assert [one["cause"] for one in kept] == ["merge"]
    names = works.repository.git("ls-tree", "-r", "--name-only", kept[0]["commit"]).splitlines()
    assert {"notes.txt", "deep/build.log"} <= set(names)
    assert works.repository.git("show", f"{kept[0]['commit']}:shared.txt").split() == ["ours", "theirs"]


async def test_a_commit_that_did_not_make_it_is_kept_too(works: Works) -> None:
    await conflicting(works)
    works.director.script = f"{RESOLVED}\n!bash git commit --quiet --no-edit\n!say MERGE_FAILED: not sure"
    _, thread = await works.run()
    kept = await works.client.get(f"/api/git/{thread.id}/snapshots")
    assert [one["cause"] for one in kept] == ["head"]
    assert len(parents(works.repository, kept[0]["commit"])) == 2


async def test_an_agent_that_works_on_the_target_itself_is_undone(works: Works) -> None:
    works.repository.git("checkout", "--quiet", "-b", "elsewhere")
    branch = await works.branch("Ours", {"shared.txt": "ours\n"})
    works.repository.git("checkout", "--quiet", "main")
    works.repository.commit("Theirs", {"shared.txt": "theirs\n"})
    works.repository.git("checkout", "--quiet", "elsewhere")
    before = works.state()
    works.director.script = (
        "!bash git reset --quiet --hard && git checkout --quiet main && git commit --quiet --allow-empty -m x\n"
        "!say MERGE_FAILED: lost my way"
    )
    report, thread = await works.run()
    assert report.failures == 1 and works.state() == before and branch.branch
    kept = await works.client.get(f"/api/git/{thread.id}/snapshots")
    assert [works.repository.git("log", "-1", "--format=%s", one["commit"]) for one in kept] == ["x"]


async def test_a_verified_roll_back_lets_the_next_branch_go_on(works: Works) -> None:
    first = await conflicting(works)
    second = await works.branch("Second", {"second.txt": "1\n", "more.txt": "1\n"})
    tree(second).commit("two", {"second.txt": "2\n"})
    works.director.script = "!say MERGE_FAILED: Ambiguous conflict in shared.txt - no idea"
    report, thread = await works.run()
    assert report.summary == "Merged 1/2 branches into main (1 failed) — $0.0010"
    assert [(one.branch, one.success) for one in report.results] == [(first.branch, False), (second.branch, True)]
    assert works.repository.git("show", "main:second.txt") == "2"
    assert thread.status == "failed"


async def test_a_project_that_has_changed_meanwhile_ends_the_run(works: Works) -> None:
    first = await conflicting(works)
    second = await works.branch("Second", {"second.txt": "1\n"})
    tree(second).commit("two", {"second.txt": "2\n"})
    works.director.script = (
        f"!bash cd {works.repository.path} && git commit --quiet --allow-empty -m meanwhile\n{RESOLVED}"
    )
    report, thread = await works.run()
    assert [one.branch for one in report.results] == [first.branch]
    assert "has moved" in str(report.results[0].error)
    aborted = next(event for event in works.director.events if isinstance(event, MergeAborted))
    assert aborted.branch == first.branch and "before the merge it was" in aborted.reason
    assert works.repository.git("log", "-1", "--format=%s", "main") == "meanwhile"
    kept = await works.client.get(f"/api/git/{thread.id}/snapshots")
    assert [one["cause"] for one in kept] == ["head"]


async def test_a_dirty_project_ends_the_run_before_its_first_branch(works: Works) -> None:
    await works.branch("First", {"first.txt": "1\n"})
    await works.branch("Second", {"second.txt": "1\n"})
    works.repository.write("shared.txt", "changed\n")
    before = works.state()
    report, _ = await works.run()
    assert len(report.results) == 1 and "uncommitted changes" in str(report.results[0].error)
    assert works.director.named() == ["MergeStarted", "MergeBranchDone", "MergeAborted", "MergeCompleted"]
    assert works.state() == before


async def test_hooks_that_refuse_the_resolved_merge_are_a_failure_with_their_words(works: Works) -> None:
    await conflicting(works)
    works.director.script = RESOLVED
    hook(works.repository, "pre-commit", "echo the linter objects; exit 1")
    before = works.state()
    report, _ = await works.run()
    assert "the linter objects" in str(report.results[0].error)
    assert works.state() == before


async def test_markers_that_a_branch_itself_brought_are_no_conflict(works: Works) -> None:
    text = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> topic\n"
    await works.branch("Ours", {"shared.txt": "ours\n", "guide.md": text})
    works.repository.commit("Theirs", {"shared.txt": "theirs\n"})
    works.director.script = RESOLVED
    report, _ = await works.run()
    assert report.failures == 0
    assert works.repository.git("show", "main:guide.md") == text.rstrip()


async def test_deleted_here_and_changed_there(works: Works) -> None:
    branch = await works.thread()
    tree(branch).git("rm", "--quiet", "shared.txt")
    tree(branch).commit("Remove it")
    works.repository.commit("Theirs", {"shared.txt": "theirs\n"})
    works.director.script = "!bash git rm --quiet shared.txt"
    report, _ = await works.run()
    assert report.failures == 0
    assert not (works.repository.path / "shared.txt").exists()


async def test_questions_are_denied_and_policies_count(works: Works) -> None:
    await conflicting(works)
    works.director.script = f"!ask Which one? | ours | theirs\n!permission WebFetch\n!bash rm -rf /nothing\n{RESOLVED}"
    works.director.decide = lambda request: Decision("ask", "Is that wise?") if "rm -rf" in str(request.input) else None
    report, thread = await works.run()
    assert report.failures == 0
    calls = {
        (call.name, str(call.output)[:40])
        for message in await works.threads.messages(thread.id)
        for call in message.tool_calls
    }
    assert ("WebFetch", "ok") in calls
    outputs = [output for name, output in calls if name in ("AskUserQuestion", "Bash")]
    assert any(output.startswith("Nobody is there") for output in outputs)
    assert any(output.startswith("Is that wise?") for output in outputs)


async def test_conflicts_without_agents_are_a_failure(open_works: Callable[..., Any]) -> None:
    works: Works = await open_works(agents=False)
    await conflicting(works)
    ready = await works.branch("Ready", {"ready.txt": "1\n"})
    tree(ready).commit("two", {"ready.txt": "2\n"})
    before = works.state()["trees"]
    report, _ = await works.run()
    assert "no agents are running" in str(report.results[0].error)
    assert report.results[1].success
    assert works.state()["trees"].keys() == before.keys()


async def test_the_report_counts(works: Works) -> None:
    assert MergeReport(target_branch="main", results=[]).summary == "No branches ready to merge"
    await works.branch("Add it", {"new.txt": "new\n"})
    report, _ = await works.run()
    done = [event for event in works.director.events if isinstance(event, MergeBranchDone)]
    assert [event.result for event in done] == report.results
    completed = [event for event in works.director.events if isinstance(event, MergeCompleted)]
    assert [event.report for event in completed] == [report]
