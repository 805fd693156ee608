"""The state of a working tree (``http-core.md`` §7.2 and §7.8)."""

import asyncio
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts.git import GitState, GitSummary
from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import DIFF_FORMAT, Commands
from a_parallel_plugins.git.questions import Questions
from a_parallel_plugins.git.refs import AgainstBase, against_base
from a_parallel_plugins.git.unchanged import UnchangedTrees

STATUS = (
    "status",
    "--porcelain=v2",
    "--branch",
    "--ahead-behind",
    "--untracked-files=normal",
    "--find-renames",
    "-z",
    "--",
    ".",
)
NUMSTAT = ("diff", "--numstat", "-z", "--relative", "--diff-filter=u", *DIFF_FORMAT)
"""Without unmerged paths, of which git tells in words."""


class Files(Struct, frozen=True):
    """What git says about the files of a working tree."""

    report: parse.Report
    lines_added: int
    lines_deleted: int


class StatusReader:
    """Computes states, a bounded number at a time."""

    def __init__(self, commands: Commands, questions: Questions, *, parallel: int = 2) -> None:
        """Make a reader.

        Parameters:
            commands: runs git.
            questions: reads refs.
            parallel: working trees read at the same time; one status uses several cores already.
        """
        self._commands = commands
        self._questions = questions
        self._slots = asyncio.Semaphore(parallel)
        self._unchanged: UnchangedTrees[Files] = UnchangedTrees()

    def close(self) -> None:
        """Watch no working tree any more."""
        self._unchanged.close()

    async def report(self, work_tree: Path) -> parse.Report:
        """Return what ``git status`` says about a directory and what lies below it."""
        return parse.status_report(await self._commands.output(work_tree, STATUS))

    async def summary(self, thread_id: str, work_tree: Path, *, base: str | None, born: str | None) -> GitSummary:
        """Return the state of a working tree.

        Parameters:
            thread_id: put into the answer.
            work_tree: the directory.
            base: branch to compare with; the default branch without it.
            born: hash of the commit at which the branch was created, if recorded.

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        files = await self._unchanged.get(work_tree) or await self._read(work_tree)
        compared = await self._compare(work_tree, files.report, base, born)
        return summarise(thread_id, files.report, compared, files.lines_added, files.lines_deleted)

    async def _read(self, work_tree: Path) -> "Files":
        """Ask git; watched from before, so that a change meanwhile is not missed."""
        async with self._slots:
            beginning = await self._unchanged.begin(work_tree)
            report = await self.report(work_tree)
            files = Files(report, *await self._lines(work_tree, report))
        if beginning is not None:
            self._unchanged.put(work_tree, beginning, files)
        return files

    async def _lines(self, work_tree: Path, report: parse.Report) -> tuple[int, int]:
        outputs = []
        if report.has_staged:
            outputs.append(await self._commands.output(work_tree, [*NUMSTAT, "--cached"]))
        if report.has_unstaged:
            outputs.append(await self._commands.output(work_tree, NUMSTAT))
        counts = [parse.line_counts(output) for output in outputs]
        return sum(added for added, _ in counts), sum(deleted for _, deleted in counts)

    async def _compare(self, work_tree: Path, report: parse.Report, base: str | None, born: str | None) -> AgainstBase:
        tip = report.oid
        if tip is None:
            return AgainstBase()
        return await self._questions.ask(work_tree, lambda store: against_base(store, report.branch, tip, base, born))


def summarise(
    thread_id: str, report: parse.Report, compared: AgainstBase, lines_added: int, lines_deleted: int
) -> GitSummary:
    """Put the facts together. Without an upstream that resolves, the commits that the base lacks are unpushed."""
    dirty = len(report.entries)
    pushed = report.ahead is not None
    unpushed = compared.ahead if report.ahead is None else report.ahead
    return GitSummary(
        thread_id=thread_id,
        state=state(dirty=dirty, unpushed=unpushed, merged=compared.merged, pushed=pushed),
        dirty_file_count=dirty,
        unpushed_commit_count=unpushed,
        has_remote_branch=pushed,
        is_merged_into_base=compared.merged,
        lines_added=lines_added,
        lines_deleted=lines_deleted,
    )


def state(*, dirty: int, unpushed: int, merged: bool, pushed: bool) -> GitState:
    """Return the first of dirty, unpushed, merged, pushed, clean that applies."""
    if dirty:
        return "dirty"
    if unpushed:
        return "unpushed"
    if merged:
        return "merged"
    return "pushed" if pushed else "clean"
