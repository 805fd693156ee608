"""Git: states of many worktrees, and a diff, against the git calls they need."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.report import Figure, Pair, duration, in_turns
from bench.server import BenchServer

FILES, WORKTREES, CHANGED = 20_000, 50, 50
STATUS = ["status", "--porcelain=v2", "--branch", "--ahead-behind", "--untracked-files=normal", "-z", "--", "."]
NUMSTAT = ["diff", "--numstat", "-z", "HEAD"]
DIFFS = [["diff", "--staged", "--raw", "--patch"], ["diff", "--raw", "--patch"]]
UNTRACKED = ["ls-files", "--others", "--exclude-standard", "-z"]


def figures() -> list[Figure]:
    """Measure states and a diff; making the repository and its worktrees takes minutes."""
    files = int(os.environ.get("BENCH_FILES", FILES))
    with BenchServer() as server:
        project, path = _repository(server, files)
        worktrees = _worktrees(server, project)
        limit = statistics.median(_timed(lambda: _states(worktrees)) for _ in range(3))
        address = f"/api/git/status?projectId={project}"
        first = _timed(lambda: _asked(server, address))
        again = statistics.median(_timed(lambda: _asked(server, address)) for _ in range(3))
        name = f"states of {WORKTREES} worktrees of {files:,} files"
        found = [
            duration(name, [Pair(first, limit)], 1 / 1.3),
            duration(f"{name}, again with nothing changed, against the first", [Pair(again, first)], 1 / 0.2),
        ]
        found.append(_diff(server, project, path))
    return found


def _git(path: Path, *words: str) -> bytes:
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    return subprocess.run(["git", "-C", str(path), *words], check=True, capture_output=True, env=environ).stdout


def _repository(server: BenchServer, files: int) -> tuple[str, Path]:
    project = server.project()
    path = server.home / "repository"
    for number in range(files):
        file = path / f"part-{number % 200:03}" / f"file-{number:05}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f"line {line} of file {number}\n" for line in range(20)))
    _git(path, "add", "--all")
    _git(path, "-c", "user.name=Bench", "-c", "user.email=bench@example.invalid", "commit", "-q", "-m", "files")
    return project, path


def _worktrees(server: BenchServer, project: str) -> list[Path]:
    made = []
    for number in range(WORKTREES):
        body = {"projectId": project, "title": f"task {number}", "mode": "worktree", "prompt": "wait"}
        made.append(Path(server.call("POST", "/api/threads/idle", body)["worktreePath"]))
    for path in made[::5]:
        (path / "part-000" / "file-00000.txt").write_text("changed\n")
        (path / "new.txt").write_text("new\n")
    return made


def _states(worktrees: list[Path]) -> None:
    def state(path: Path) -> None:
        _git(path, *STATUS)
        _git(path, *NUMSTAT)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(state, worktrees))


def _asked(server: BenchServer, address: str) -> None:
    assert len(server.call("GET", address)["statuses"]) == WORKTREES


def _diff(server: BenchServer, project: str, path: Path) -> Figure:
    for number in range(CHANGED):
        file = path / f"part-{number % 200:03}" / f"file-{number:05}.txt"
        file.write_text(file.read_text().replace("line 7", "line seven") + "more\n")
    body = {"projectId": project, "title": "review", "mode": "local", "prompt": "wait"}
    thread = server.call("POST", "/api/threads/idle", body)["id"]

    def calls() -> None:
        for words in [*DIFFS, UNTRACKED]:
            _git(path, *words)

    def asked() -> None:
        assert len(server.call("GET", f"/api/git/{thread}/diff")) == CHANGED

    asked()
    pairs = in_turns(5, lambda: _timed(asked), lambda: _timed(calls))
    return duration(f"diff of {CHANGED} files", pairs, 1 / 1.3)


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
