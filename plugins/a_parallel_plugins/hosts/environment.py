"""What children inherit of the server's environment."""

import os
import re
from collections.abc import Iterable, Mapping

SESSION_MARKS = (
    "CLAUDECODE",
    "CLAUDE_PID",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_MESSAGING_*",
)
"""Set by a Claude CLI for its tools (``claude-cli.md`` §2); a CLI that sees them takes itself for one of those."""

SECRETS = (
    "A_PARALLEL_*PASSWORD*",
    "A_PARALLEL_*SECRET*",
    "A_PARALLEL_*TOKEN*",
    "A_PARALLEL_*KEY*",
    "BETTER_AUTH_SECRET",
)
"""Settings of the server that no child may read, whatever else it inherits."""


def fitting(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return an expression for the names equal to one of `patterns`, in which ``*`` stands for any text."""
    alternatives = "|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in patterns)
    return re.compile(rf"(?:{alternatives})\Z" if alternatives else r"(?!)", re.DOTALL)


NEVER_INHERITED = fitting((*SESSION_MARKS, *SECRETS))


def child_environment(changes: Mapping[str, str | None] | None, cwd: str) -> dict[str, str]:
    """Return the environment of a child.

    Parameters:
        changes: see `a_parallel_contracts.hosts.Host`.
        cwd: where it starts, told as ``PWD`` too: the server's own would be wrong there.
    """
    changes = changes or {}
    removed = fitting(name for name, value in changes.items() if value is None)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not NEVER_INHERITED.match(name) and not removed.match(name) and name != "OLDPWD"
    }
    kept["PWD"] = cwd
    return kept | {name: value for name, value in changes.items() if value is not None}
