"""Where a thread's work left its base branch."""

from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_plugins.git import refs
from a_parallel_plugins.git.questions import Questions


async def departure(questions: Questions, directory: Path, base: str | None) -> str:
    """Return the hash of the newest commit that the work and its base branch have in common.

    Parameters:
        questions: reads refs.
        directory: where the work is.
        base: name of its base branch; the repository's default branch without it.

    Raises:
        BadRequest: there is no such commit; the text says why.
    """
    return await questions.ask(directory, lambda store: _departure(store, base))


def _departure(store: refs.RefStore, base: str | None) -> str:
    name = base or refs.default_branch(store)
    if store.head().oid is None or name is None:
        raise BadRequest("There is no commit yet. What is not committed can be reviewed.")
    if not refs.tips(store, name):
        raise BadRequest(f"The base branch {name} is gone. Create it again, or review what is not committed.")
    found = refs.departure(store, name)
    if found is None:
        raise BadRequest(f"The work has no commit in common with its base branch {name}.")
    return found
