"""Moves a target branch to the commit that merges something into it, wherever it is checked out."""

from collections.abc import Mapping

from a_parallel_contracts import Conflict
from a_parallel_plugins.merge.bench import LONG, Bench
from a_parallel_plugins.merge.repository import Recorded, Repository


async def land(
    repository: Repository, bench: Bench, recorded: Recorded, commit: str, environment: Mapping[str, str]
) -> None:
    """Move the target from where it was recorded to `commit`; the caller holds the repository's lock.

    Where the project has it checked out, its files follow: git refuses, before it changes anything, to touch
    uncommitted changes and files that it does not track, ignored ones included.

    Raises:
        BadRequest: git refused, with its text; or the project has uncommitted changes.
        Conflict: the target has moved meanwhile, or is checked out elsewhere by now.
    """
    now = await repository.tip(recorded.target)
    if now == commit:
        return
    if now != recorded.target_commit:
        raise Conflict(f"'{recorded.target}' has moved to {now} meanwhile. Merge again.")
    place = (await repository.checkouts()).get(recorded.target)
    if place is None or place.resolve() == bench.path.resolve():
        await _move(repository, recorded, commit, environment)
    elif repository.is_root(place):
        await _fast_forward(repository, recorded, commit, environment)
    else:
        raise Conflict(f"The branch '{recorded.target}' is checked out at {place}. Switch that one to another branch.")


async def _move(repository: Repository, recorded: Recorded, commit: str, environment: Mapping[str, str]) -> None:
    reason = f"merge {recorded.branch}: Merge made in a temporary working tree."
    ref = f"refs/heads/{recorded.target}"
    await repository.git.command(
        repository.root, ["update-ref", "-m", reason, ref, commit, recorded.target_commit], environment=environment
    )


async def _fast_forward(
    repository: Repository, recorded: Recorded, commit: str, environment: Mapping[str, str]
) -> None:
    await repository.refuse_unready()
    arguments = ["merge", "--ff-only", "--no-squash", "--no-overwrite-ignore", "--no-autostash", "--quiet", commit]
    await repository.git.command(repository.root, arguments, timeout=LONG, environment=environment, hooks=True)
    now = await repository.tip(recorded.target)
    if now != commit:
        raise Conflict(f"'{recorded.target}' is at {now} although git reported success. Look at {repository.root}.")
