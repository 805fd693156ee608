"""Automations of mode ``merge`` (``merge-agent.md`` §6, §9)."""

import asyncio

import pytest

from a_parallel_contracts import ApiError, Conflict
from a_parallel_contracts.merge import MERGE, BranchResult, MergeOptions, MergeReport
from a_parallel_contracts.projects import Project
from a_parallel_contracts.threads import Model, Thread
from tests.plugins.automations.conftest import Office, OpenOffice


class Merger:
    """Merges as the test says."""

    def __init__(self, report: MergeReport | ApiError | None) -> None:
        self.report = report
        self.asked: list[MergeOptions] = []
        self.cancelled = False

    async def run(self, project: Project, thread: Thread, options: MergeOptions) -> MergeReport:
        self.asked.append(options)
        if self.report is None:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled = True
        if isinstance(self.report, ApiError):
            raise self.report
        assert self.report is not None
        return self.report


def report(*results: bool) -> MergeReport:
    branches = [
        BranchResult(branch=f"b{number}", success=success, had_conflicts=False)
        for number, success in enumerate(results)
    ]
    return MergeReport(target_branch="main", results=branches, total_cost_usd=0.5)


@pytest.mark.parametrize(
    ("results", "status", "triage", "thread"),
    [
        ((True, True), "completed", "pending", "completed"),
        ((True, False), "failed", "pending", "failed"),
        ((), "completed", "dismissed", "completed"),
    ],
)
async def test_a_merge_ends_as_its_report_says(
    open_office: OpenOffice, results: tuple[bool, ...], status: str, triage: str, thread: str
) -> None:
    merger = Merger(report(*results))
    office = await open_office(services={MERGE: merger})
    automation = await office.create(mode="merge", baseBranch="develop", model="opus")
    run = await office.completed(await office.trigger(automation))
    assert (run["status"], run["triageStatus"], run["hasFindings"]) == (status, triage, bool(results))
    assert run["summary"] == report(*results).summary
    assert merger.asked == [MergeOptions(target_branch="develop", model=Model.OPUS)]
    assert (await office.thread(run))["status"] == thread
    assert office.frames(run["threadId"])[0] == "automation:run_started"
    assert office.frames(run["threadId"])[-1] == "automation:run_completed"


async def test_a_merge_that_is_refused_fails_with_the_reason(open_office: OpenOffice) -> None:
    office = await open_office(services={MERGE: Merger(Conflict("Another merge is at work"))})
    run = await office.completed(await office.trigger(await office.create(mode="merge")))
    assert (run["status"], run["triageStatus"]) == ("failed", "dismissed")
    assert run["summary"] == "Merge agent error: Another merge is at work"
    assert (await office.thread(run))["status"] == "failed"


async def test_without_the_plugin_a_merge_fails_with_the_reason(office: Office) -> None:
    automation = await office.change(await office.create(), mode="merge")
    assert automation["mode"] == "merge"
    run = await office.completed(await office.trigger(automation))
    assert run["status"] == "failed"
    assert "plugin merge" in run["summary"]
    assert (await office.thread(run))["status"] == "failed"


async def test_finished_branches_are_really_merged(open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):  # a bare machine has no identity
        monkeypatch.setenv(f"GIT_{role}_NAME", "Peer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "peer@example.invalid")
    office = await open_office(more=("worktrees", "merge"))
    prompt = "!write made.txt x\n!bash git add -A && git commit -q -m Made"
    body = {"projectId": office.project, "mode": "worktree", "title": "Make it", "prompt": prompt}
    thread = await office.client.post("/api/threads", json=body)
    await office.socket.receive("agent:result", status="completed")
    run = await office.completed(await office.trigger(await office.create(mode="merge")))
    assert (run["status"], run["hasFindings"]) == ("completed", True), run["summary"]
    assert run["summary"].startswith("Merged 1/1 branches into main")
    assert (office.repository.path / "made.txt").read_text() == "x"
    assert thread["branch"] in office.repository.git("log", "-1", "--format=%s")
    assert (await office.thread(run))["messages"]


async def test_deleting_an_automation_ends_its_merge(open_office: OpenOffice) -> None:
    merger = Merger(None)
    office = await open_office(services={MERGE: merger})
    automation = await office.create(mode="merge")
    run = await office.trigger(automation)
    await office.client.delete(f"/api/automations/{automation['id']}")
    assert merger.cancelled
    assert (await office.thread(run))["status"] == "stopped"
