"""Whether a merge is done: git decides, not what anybody says (``merge-agent.md`` §8, rule 6)."""

import re
from collections import Counter
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.git import Git
from a_parallel_plugins.merge.bench import Bench
from a_parallel_plugins.merge.repository import Recorded

_MARKER = re.compile(rb"^(?:<{7,}|>{7,}|\|{7,}|={7,})(?: .*)?\r?$", re.MULTILINE)
_NAMED = 5


async def verified(git: Git, bench: Bench, recorded: Recorded) -> str:
    """Return the commit that merges the recorded branch into the recorded target.

    Raises:
        BadRequest: it is not all done; the text says what is missing.
    """
    commit = await bench.head()
    if commit is None or await bench.merging():
        raise BadRequest("The merge is not concluded")
    for name, part in ((recorded.branch, recorded.branch_commit), (recorded.target, recorded.target_commit)):
        if not await git.is_ancestor(bench.path, part, commit):
            raise BadRequest(f"The merge was given up: {name} is not part of the result")
    if bench.worked:
        await _check_work(git, bench, commit)
    return commit


async def _check_work(git: Git, bench: Bench, commit: str) -> None:
    """Look at what somebody else than git has made of the merge."""
    left = [path for path in await bench.changed() if path not in bench.noise]
    if left:
        raise BadRequest(f"Files were changed and not added to the merge: {_named(left)}")
    marked = await _marked(git, bench.path, commit)
    if marked:
        raise BadRequest(f"Conflict markers are left in {_named(marked)}")


async def _marked(git: Git, tree: Path, commit: str) -> list[str]:
    """Return the files, of those that differ from both parents, with marker lines that neither parent has."""
    arguments = ["diff-tree", "-c", "-r", "--no-commit-id", "--name-only", "--no-renames", "-z", commit]
    output = await git.command(tree, arguments)
    paths = [path for path in output.decode("utf-8", "surrogateescape").split("\0") if path]
    return [path for path in paths if await _has_new_markers(git, tree, commit, path)]


async def _has_new_markers(git: Git, tree: Path, commit: str, path: str) -> bool:
    there = await _markers(git, tree, commit, path)
    if not there:
        return False
    known = await _markers(git, tree, f"{commit}^1", path) + await _markers(git, tree, f"{commit}^2", path)
    return bool(there - known)


async def _markers(git: Git, tree: Path, commit: str, path: str) -> Counter[bytes]:
    try:
        text = await git.command(tree, ["cat-file", "blob", f"{commit}:{path}"])
    except BadRequest:  # there is no such file, or it is a submodule
        return Counter()
    return Counter(_MARKER.findall(text))


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
