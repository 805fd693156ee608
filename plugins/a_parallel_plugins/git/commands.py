"""Runs git, always in the same environment, and tells by the error's type whose fault a failure is."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from a_parallel_contracts import ApiError, BadRequest, Conflict
from a_parallel_contracts.hosts import Completed, Host

LONG = 600.0
"""Seconds for what may run hooks, check out large trees or use the network (``http-core.md`` §7.8)."""

_REPOSITORY_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""What would point git at another repository, when the server itself was started from a hook (git-rev-parse(1))."""

_OUTPUT_VARIABLES = (
    "GIT_DEFAULT_HASH",
    "GIT_DIFF_OPTS",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_PERFORMANCE",
    "GIT_TRACE_SETUP",
)

QUIET: Mapping[str, str | None] = {
    **dict.fromkeys(_REPOSITORY_VARIABLES),
    **dict.fromkeys(_OUTPUT_VARIABLES),
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",  # empty: no dialog, not even that of core.askPass or SSH_ASKPASS (git-credential(1))
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS": None,
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_EDITOR": ":",
    "GIT_SEQUENCE_EDITOR": ":",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
}
"""No question is asked and no other repository reached. For commands that run hooks: these keep the user's language."""

PARSED: Mapping[str, str | None] = {
    **QUIET,
    "LC_ALL": "C",
    "LANGUAGE": None,
    "GIT_ADVICE": "0",
    "GIT_LITERAL_PATHSPECS": "1",
}
"""Like `QUIET`, for output that is read by us, and with paths that mean themselves (``http-core.md`` §7.8)."""

DIFF_FORMAT = (
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "-O/dev/null",
    "--find-renames",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
"""Options of ``git diff`` that the user's settings would otherwise decide."""

_LOCKED = re.compile(
    r"'/[^'\n]+\.lock': (?!File name too long|No space left|No such file|Permission denied|Read-only)"
    r"|could not lock config file"
)
"""In whatever language, but for the reasons that waiting does not cure."""


class Commands:
    """Starts git on one host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def run(
        self,
        path: Path,
        arguments: Sequence[str],
        *,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        environment: Mapping[str, str | None] | None = None,
        base: Mapping[str, str | None] = PARSED,
        limit: int | None = None,
    ) -> Completed:
        """Run git to its end, whatever its exit status.

        Raises:
            BadRequest: the directory is gone.
            FailedDependency: git is missing or the time is over.
        """
        present(path)
        argv = ["git", "--no-pager", "-c", "core.quotePath=false", *arguments]
        return await self._host.run(
            argv, cwd=path, env={**base, **(environment or {})}, stdin=stdin, timeout=timeout, limit=limit
        )

    async def output(
        self,
        path: Path,
        arguments: Sequence[str],
        *,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        environment: Mapping[str, str | None] | None = None,
        base: Mapping[str, str | None] = PARSED,
    ) -> bytes:
        """Run git and return its standard output.

        Raises:
            BadRequest: it exited non-zero, with git's text (with `QUIET` that of both streams); or the directory
                is gone.
            Conflict: another git process holds a lock file.
            FailedDependency: git is missing or the time is over.
        """
        completed = await self.run(path, arguments, timeout=timeout, stdin=stdin, environment=environment, base=base)
        if not completed.ok:
            raise failure(with_all_output(completed) if base is QUIET else completed)
        return completed.stdout

    async def line(self, path: Path, arguments: Sequence[str]) -> str:
        """Run git and return its output as one trimmed text."""
        return (await self.output(path, arguments)).decode("utf-8", "replace").strip()


def present(path: Path) -> None:
    """Make sure that a directory is there.

    Raises:
        BadRequest: it is not, or it cannot be looked at.
    """
    try:
        found = path.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, a directory that may not be entered, a NUL
        raise BadRequest(f"The directory {str(path)[:200]} cannot be read: {error}") from error
    if not found:
        raise BadRequest(f"The directory {path} does not exist any more. Bring it back, or delete what refers to it.")


def failure(completed: Completed) -> ApiError:
    """Return the error for a git command that exited non-zero; its text is git's (``http-core.md`` §2.8)."""
    if _LOCKED.search(completed.reason):
        return Conflict(f"Another git process is at work in this repository. Try again.\n{completed.reason}")
    return BadRequest(completed.reason)


def with_all_output(completed: Completed) -> Completed:
    """Return a failure whose reason is everything that was said: hooks write to both streams."""
    said = [completed.stderr.strip(), completed.stdout.strip()]
    return Completed(completed.argv, completed.returncode, b"", b"\n".join(part for part in said if part))
