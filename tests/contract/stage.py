"""What the recorder did in the working folder between the exchanges, derived from their answers."""

import shutil
from pathlib import Path

from tests.contract.placeholders import Bindings
from tests.contract.replay import Stage
from tests.contract.workspace import Workspace
from tests.support.repository import EMAIL, Repository, make_repository

BIG_FILE_BYTES = 150_000
"""146 KB, as the recorded answer says of ``big.log``."""

BINARY = b"\x00\x01\x02binary\x00"
"""Its blob is c94be36, as in the recorded diffs."""

NEW_FILE = "Hello from the fake agent\nline two of new.txt\n"
"""Written again after a revert that removes it, which the reference server's did not."""

RECORDED_EMAIL = "f@example.invalid"
"""Who made the first commit of the recorded repositories."""

HOOK = "#!/bin/sh\necho 'lint failed: line 1' >&2\necho 'second line' >&2\nexit 1\n"


def make_stage(workspace: Workspace) -> Stage:
    """Return the actions of all scenarios."""
    return {**_projects(workspace), **_threads(workspace), **_git(workspace), **_notes(workspace)}


def _projects(workspace: Workspace) -> Stage:
    second = workspace.second
    return {
        ("s02_projects", "proj_branches_detached"): lambda _: second.git("checkout", "--quiet", "--detach"),
        ("s02_projects", "proj_delete_404"): lambda _: second.git("checkout", "--quiet", "master"),
    }


def _threads(workspace: Workspace) -> Stage:
    demo = workspace.demo
    return {
        ("s04_threads_basic", "thr_create_bigref"): lambda _: demo.write("big.log", "x" * BIG_FILE_BYTES),
        ("s04_threads_basic", "thr_create_edit"): lambda _: (demo.path / "big.log").unlink(),
        ("s04_threads_basic", "proj_create_gone"): lambda _: make_repository(workspace.gone),
        ("s04_threads_basic", "thr_create_gone"): lambda _: shutil.rmtree(workspace.gone),
    }


def _git(workspace: Workspace) -> Stage:
    demo = workspace.demo

    def remove_leftover(_: Bindings) -> None:
        (demo.path / "hello.txt").unlink()

    def prepare_conflict(bindings: Bindings) -> None:
        _worktree(bindings, "conf").commit("Append in the worktree")
        demo.commit("Append in the project", {"README.md": "# demo\n\nA demo project.\nAnother line\n"})

    def prepare_local(_: Bindings) -> None:
        demo.git("checkout", "--quiet", "main")
        demo.write("local.txt", "local\n")

    def prepare_hook(_: Bindings) -> None:
        hook = demo.path / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
        hook.chmod(0o755)
        demo.write("ident.txt", "x\n")
        demo.git("add", "ident.txt")

    return {
        ("s08_git", "thr_create_wt"): remove_leftover,
        ("s08_git", "git_diff_reverted"): lambda bindings: _worktree(bindings, "wt").write("new.txt", NEW_FILE),
        ("s08_git", "git_diff_variety"): lambda bindings: _make_variety(_worktree(bindings, "wt").path),
        ("s08_git", "git_diff_variety_staged"): lambda bindings: _worktree(bindings, "wt").git("add", "--all"),
        ("s08_git", "git_diff_both"): lambda bindings: _worktree(bindings, "wt").write("dir/deep/x.txt", "x\nmore\n"),
        ("s08_git", "git_merge_dirty_main"): lambda bindings: _make_main_dirty(workspace, bindings),
        ("s08_git", "git_merge_badtarget"): lambda _: demo.git("checkout", "--quiet", "--", "README.md"),
        ("s08_git", "git_merge_conflict"): prepare_conflict,
        ("s08_git", "git_status_unpushed"): lambda bindings: _worktree(bindings, "clean").commit("Add cleanup.txt"),
        ("s08_git", "git_status_local"): prepare_local,
        ("s08_git", "git_commit_hook"): prepare_hook,
    }


def _notes(workspace: Workspace) -> Stage:
    demo = workspace.demo

    def log_in_worktree(bindings: Bindings) -> dict[str, str]:
        log = _worktree(bindings, "wt").git("log", "--format=%an <%ae>|%cn|%s|%b")
        return {"log": log.replace(EMAIL, RECORDED_EMAIL)}

    return {
        ("s08_git", "git log in worktree"): log_in_worktree,
        ("s08_git", "main repo after merge"): lambda _: {
            "head": demo.git("branch", "--show-current"),
            "log": demo.git("log", "--format=%s", "-3"),
        },
        ("s08_git", "main repo after failed merge"): lambda _: {
            "head": demo.git("branch", "--show-current"),
            "status": demo.git("status", "--porcelain"),
        },
        ("s08_git", "main repo after merge into develop"): lambda _: {
            "head": demo.git("branch", "--show-current"),
            "branches": "\n".join(demo.branches()),
        },
    }


def _worktree(bindings: Bindings, name: str) -> Repository:
    return Repository(Path(bindings.value(f"<wt_{name}>")))


def _make_variety(directory: Path) -> None:
    """Delete, rename and add files of all kinds."""
    (directory / "src/app.js").unlink()
    (directory / "docs/notes.txt").rename(directory / "docs/renamed.txt")
    (directory / "dir/deep").mkdir(parents=True)
    (directory / "dir/deep/x.txt").write_text("x\n")
    (directory / "bin.dat").write_bytes(BINARY)
    (directory / "sp ace.txt").write_text("a\n")
    (directory / "ünï.txt").write_text("b\n")


def _make_main_dirty(workspace: Workspace, bindings: Bindings) -> None:
    _worktree(bindings, "wt").git("checkout", "--quiet", "--", ".")
    workspace.demo.write("README.md", "# changed\n")
