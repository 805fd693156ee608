"""Runs ``git clone``: the token in no argument, no file and no log; progress as it comes."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.hosts import Host, Owner, Process

TARGET = "repository"
"""Name of the directory that git makes in the private one it is started in."""

TOKEN_VARIABLE = "A_PARALLEL_CLONE_TOKEN"  # noqa: S105 - the name, not the secret
"""Holds the token for the credential helper of one clone."""

_HELPER = f'!f() {{ test "$1" = get && echo username=x-access-token && echo "password=${TOKEN_VARIABLE}"; }}; f'
"""``echo`` is built into the shell, so that the token is on no command line (gitcredentials(7))."""

_TRACES = ("GIT_TRACE*", "GIT_CURL_VERBOSE", "GIT_REDACT_COOKIES")
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")

_ENVIRONMENT: Mapping[str, str | None] = {
    **dict.fromkeys((*_TRACES, *_ELSEWHERE)),
    "GIT_CONFIG_PARAMETERS": None,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",  # empty: no dialog, not even that of core.askPass or SSH_ASKPASS (git-credential(1))
    "SSH_ASKPASS": None,
    "GCM_INTERACTIVE": "never",
    "LC_ALL": "C",
    "LANGUAGE": None,
}

_PROGRESS = re.compile(r"(?:remote: )?(?P<phase>[A-Z][a-z]+ [a-z]+): +(?P<percent>\d+)% \([^)]*\)(?:, (?P<detail>.*))?")
_TOLD = 4096
"""Characters of git's messages that are kept for an error."""

Progress = Callable[[str, int | None, str | None], None]


class Fetcher:
    """Clones repositories on one host.

    Parameters:
        host: runs git.
        web: base address of the GitHub that tokens are for; they are sent nowhere else.
        shared: several people use the server, so that its account's own credentials are for nobody.
    """

    def __init__(self, host: Host, web: str, *, shared: bool) -> None:
        self._host = host
        self._web = web
        self._shared = shared

    async def clone(self, id: str, url: str, directory: Path, token: str | None, progress: Progress) -> Path:
        """Clone `url` into a new directory inside `directory` and return it.

        Raises:
            BadRequest: git refused; with its text.
            FailedDependency: git could not be started.
        """
        argv = ["git", *self._credentials(token), "clone", "--progress", "--no-recurse-submodules", "--", url, TARGET]
        environment = {**_ENVIRONMENT, **self._surroundings(url, directory), TOKEN_VARIABLE: token}
        process = await self._host.spawn(argv, cwd=directory, owner=Owner("clone", id), env=environment)
        try:
            await process.close_stdin()
            said = await _follow(process, progress)
            status = await process.wait()
        except BaseException:
            await process.terminate()
            raise
        if status != 0:
            text = said.strip() or f"git exited with status {status}"
            raise BadRequest(f"Clone failed: {text.replace(token, '***') if token else text}")
        return directory / TARGET

    def _credentials(self, token: str | None) -> list[str]:
        """Return options of git; an empty helper clears the list of those before it (gitcredentials(7))."""
        section = f"credential.{self._web}.helper"
        nobody = ["-c", "credential.helper="] if self._shared else []
        return [*nobody, "-c", f"{section}=", "-c", f"{section}={_HELPER}"] if token else nobody

    def _surroundings(self, url: str, directory: Path) -> Mapping[str, str | None]:
        protocols = "http:https" if url.startswith("http:") else "https"
        if not self._shared:
            # SSH only for those whose own settings rewrite HTTPS addresses to it (git-config(1), url.*.insteadOf).
            return {"GIT_ALLOW_PROTOCOL": f"{protocols}:ssh"}
        settings = os.environ.get("GIT_CONFIG_GLOBAL") or str(Path.home() / ".gitconfig")
        home = {"HOME": str(directory), "XDG_CONFIG_HOME": None}  # there is no .netrc with the account's passwords
        return {**home, "GIT_CONFIG_GLOBAL": settings, "GIT_ALLOW_PROTOCOL": protocols}


async def _follow(process: Process, progress: Progress) -> str:
    """Report progress until git closes its streams, and return the end of what else it said."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_drain(process))
        said = group.create_task(_read(process, progress))
    return said.result()


async def _drain(process: Process) -> None:
    async for _ in process.chunks():
        pass


async def _read(process: Process, progress: Progress) -> str:
    said, rest = "", b""
    async for chunk in process.chunks("stderr"):
        *lines, rest = re.split(rb"[\r\n]+", (rest + chunk)[-64 * 1024 :])
        for line in lines:
            said = (said + _message(line, progress))[-_TOLD:]
    return said + _message(rest, progress)


def _message(line: bytes, progress: Progress) -> str:
    """Report a line of progress; return any other as it is."""
    text = line.decode("utf-8", "replace").rstrip()
    found = _PROGRESS.match(text)
    if found is None:
        return f"{text}\n" if text and not text.startswith("Cloning into ") else ""
    progress(found["phase"], int(found["percent"]), found["detail"])
    return ""
