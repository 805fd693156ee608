"""What the agent is asked to do about conflicts (``merge-agent.md`` §4)."""

from collections.abc import Sequence

from a_parallel_plugins.merge.repository import Recorded

GIVEN_UP = "MERGE_FAILED"
"""What the agent says when a conflict cannot be decided without a person."""

ALLOWED_TOOLS = ("Bash", "Read", "Edit", "Write", "Glob", "Grep")

UNATTENDED = "Nobody is there to answer: this merge is unattended. Decide it yourself, or give up as you were told."
"""Told to an agent that asks."""


def prompt(recorded: Recorded, unmerged: Sequence[str]) -> str:
    """Return the task: resolve the conflicts, leave the rest of the merge to us."""
    files = "\n".join(f"- {path!r}" for path in unmerged)
    return f"""You finish an unattended git merge in the current directory, a temporary working tree.

The branch {recorded.branch!r} (commit {recorded.branch_commit}) is being merged into {recorded.target!r} (commit \
{recorded.target_commit}). HEAD is {recorded.target!r}, MERGE_HEAD is {recorded.branch!r}. Git has merged what it \
could and stopped at conflicts in these files:

{files}

For each of them: read it, understand what both sides intended (git log, git show and git diff help), edit it so that \
it combines both, remove every conflict marker, and run `git add` on it. If a side deleted or renamed the file, decide \
which side is right and run `git add` or `git rm`.

Rules:
- Keep the behaviour of both sides. Lists and imports become their union; where both changed one function, integrate \
both changes.
- Change nothing that the conflicts do not ask for, and leave no new file behind that is not added.
- Do not commit, do not switch branches, do not push, do not touch any other directory: the merge is committed, and \
brought into {recorded.target!r}, after you have finished.
- Never ask a question. If a conflict cannot be decided without a person, run `git merge --abort`, print one line \
`{GIVEN_UP}: Ambiguous conflict in [file] - [reason]` and finish.

When `git diff --name-only --diff-filter=U` prints nothing, print `MERGE_OK` and finish."""


def given_up(text: str) -> str | None:
    """Return why the agent gave up, if it says so anywhere in `text`."""
    if GIVEN_UP not in text:
        return None
    rest = text.partition(GIVEN_UP)[2].partition("\n")[0].strip(" :*`")
    return rest or "The agent found an ambiguous conflict"
