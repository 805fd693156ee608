"""Under which directory the CLI keeps a project's own servers (``claude-cli.md`` §15)."""

from pathlib import Path


def configuration_root(directory: Path) -> Path:
    """Return the git root of `directory`, or itself outside of any repository.

    Links are followed, and a linked worktree counts as its main one: both as the CLI does.
    """
    place = directory.resolve()
    top = next((parent for parent in (place, *place.parents) if (parent / ".git").exists()), None)
    if top is None:
        return place
    dot_git = top / ".git"
    return top if dot_git.is_dir() else _main_worktree(top, dot_git)


def _main_worktree(top: Path, dot_git: Path) -> Path:
    """Follow ``gitdir:`` and ``commondir`` (gitrepository-layout(5)); a submodule has no ``commondir``."""
    try:
        administrative = top / dot_git.read_text("utf-8").strip().removeprefix("gitdir: ")
        common = (administrative / (administrative / "commondir").read_text("utf-8").strip()).resolve()
    except (OSError, ValueError):
        return top
    return common.parent if common.name == ".git" else top
