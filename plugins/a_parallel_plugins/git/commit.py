"""Commit and push (``http-core.md`` §7.4 and §7.8)."""

import os
import shlex
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.git import Identity
from a_parallel_plugins.git.commands import LONG, QUIET, Commands, failure, with_all_output

TOKEN_VARIABLE = "A_PARALLEL_PUSH_TOKEN"  # noqa: S105 - the name, not the secret
"""Holds the token for the credential helper of one push; it is on no command line."""

_HELPER = f'!f() {{ test "$1" = get && echo username=x-access-token && echo "password=${TOKEN_VARIABLE}"; }}; f'


class Committer:
    """Commits what is staged and pushes branches; hooks run, and what they say reaches the user."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def commit(self, directory: Path, message: str, identity: Identity | None) -> str:
        """Commit what is staged and return what git said.

        Raises:
            BadRequest: nothing is staged, a hook refused, or nobody is known as author; with all output.
            Conflict: another git process holds the index.
        """
        completed = await self._commands.run(
            directory,
            ["commit", "--file=-", "--cleanup=whitespace"],
            stdin=message.encode("utf-8", "replace"),
            environment=identity.environment if identity else {},
            base=QUIET,
            timeout=LONG,
        )
        if not completed.ok:
            raise failure(with_all_output(completed))
        return completed.text.strip()

    async def push_head(self, directory: Path, token: str | None, web: str) -> str:
        """Push the current branch to origin, set its upstream, and return what git said.

        Parameters:
            directory: of the working tree.
            token: for repositories below `web` over HTTPS.
            web: base address of the server that the token is for; it is sent nowhere else.

        Raises:
            BadRequest: no branch is checked out, or git or a hook refused; with all output.
        """
        ref = await self._commands.run(directory, ["symbolic-ref", "--quiet", "HEAD"])
        if not ref.ok:
            raise BadRequest("No branch is checked out (detached HEAD). Create a branch first, then push it.")
        return await self.push(directory, ref.text, token, web, track=True)

    async def push(self, directory: Path, ref: str, token: str | None, web: str, *, track: bool) -> str:
        """Push a branch, by its full name, to its namesake at origin; with `track` that becomes its upstream."""
        helper = credential_arguments(web) if token else []
        upstream = ["--set-upstream"] if track else []
        completed = await self._commands.run(
            directory,
            [*helper, "push", *upstream, "origin", ref],
            environment={TOKEN_VARIABLE: token, **await self._batch_mode(directory)},
            base=QUIET,
            timeout=LONG,
        )
        if not completed.ok:
            raise failure(with_all_output(completed))
        return completed.text.strip() or completed.stderr.decode("utf-8", "replace").strip()

    async def _batch_mode(self, directory: Path) -> dict[str, str]:
        """Keep SSH from asking, with whatever command the user has set for it (git-config(1), core.sshCommand)."""
        configured = await self._commands.run(directory, ["config", "--get", "core.sshCommand"])
        command = os.environ.get("GIT_SSH_COMMAND") or (configured.text if configured.ok else "") or "ssh"
        return {"GIT_SSH_COMMAND": f"{command} -o BatchMode=yes"} if _is_openssh(command) else {}


def _is_openssh(command: str) -> bool:
    try:
        return Path(shlex.split(command)[0]).name == "ssh"
    except (ValueError, IndexError):
        return False


def credential_arguments(web: str) -> list[str]:
    """Return options that make the token the only credential for `web` (gitcredentials(7)); an empty helper clears."""
    section = f"credential.{web.rstrip('/')}.helper"
    return ["-c", f"{section}=", "-c", f"{section}={_HELPER}"]
