"""Pull requests: through GitHub's REST API with the user's token, else through ``gh`` (``http-core.md`` §7.5)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
from msgspec import Struct

from a_parallel_contracts import BadRequest, FailedDependency
from a_parallel_contracts.hosts import Host
from a_parallel_plugins.git.commands import QUIET, Commands

_SECONDS = 30
_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>(?!//).+)")
_GH_ENVIRONMENT = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}


class Slug(Struct, frozen=True):
    """A repository on a GitHub server."""

    host: str
    owner: str
    name: str


def remote_slug(url: str) -> Slug | None:
    """Return the repository that a remote's address names: HTTPS, SSH, or ``git@host:owner/name.git``."""
    parts = urlsplit(url) if "://" in url else None
    if parts is not None:
        host, path = parts.hostname or "", parts.path
    else:
        match = _SCP.fullmatch(url)
        if match is None:
            return None
        host, path = match["host"], match["path"]
    segments = path.strip("/").removesuffix(".git").split("/")
    if len(segments) != 2 or not all(segments) or not host:
        return None
    return Slug(host.lower().removeprefix("ssh."), segments[0], segments[1])


def web_address(api: str) -> str:
    """Return the address of the server behind an API: ``api.github.com``, or GitHub Enterprise's ``/api/v3``."""
    parts = urlsplit(api)
    host = parts.netloc.removeprefix("api.") if parts.path.strip("/") == "" else parts.netloc
    return f"{parts.scheme}://{host}"


class PullRequest(Struct, frozen=True):
    """What is asked for.

    Attributes:
        title, body: as the user wrote them.
        branch: to be merged.
        base: branch to merge into; None for the repository's default.
    """

    title: str
    body: str
    branch: str
    base: str | None


class PullRequests:
    """Opens pull requests.

    Parameters:
        commands: runs git.
        host: runs ``gh``.
        api: base address of the REST API.
    """

    def __init__(self, commands: Commands, host: Host, api: str) -> None:
        self._commands = commands
        self._host = host
        self._api = api.rstrip("/")
        self.web = web_address(api)

    async def open(self, directory: Path, token: str | None, wanted: PullRequest) -> str:
        """Open a pull request and return its address.

        Raises:
            BadRequest: refused, with the reason.
            FailedDependency: there is neither a token nor ``gh``, or no answer.
        """
        slug = await self._slug(directory)
        if token and slug is not None and slug.host == urlsplit(self.web).hostname:
            return await self._over_rest(slug, token, wanted)
        return await self._with_gh(directory, wanted)

    async def _slug(self, directory: Path) -> Slug | None:
        url = await self._commands.run(directory, ["remote", "get-url", "--push", "origin"])
        return remote_slug(url.text) if url.ok else None

    async def _over_rest(self, slug: Slug, token: str, wanted: PullRequest) -> str:
        path = f"/repos/{quote(slug.owner, safe='')}/{quote(slug.name, safe='')}"
        async with self._session(token) as session:
            base = wanted.base or (await self._call(session, "GET", path)).get("default_branch")
            body = {"title": wanted.title, "body": wanted.body, "head": wanted.branch, "base": base}
            made = await self._call(session, "POST", f"{path}/pulls", body)
        return str(made.get("html_url", ""))

    @asynccontextmanager
    async def _session(self, token: str) -> AsyncIterator[aiohttp.ClientSession]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            # Not trust_env: it brings ~/.netrc too, whose entry for GitHub aiohttp refuses beside a token.
            async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
                yield session
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FailedDependency(f"GitHub cannot be reached at {self._api}: {error or 'no answer'}") from error

    async def _call(self, session: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> dict[str, Any]:
        url = f"{self._api}{path}"
        async with session.request(method, url, json=body, proxy=_proxy(url)) as response:
            answer = _parsed(await response.read())
            if response.status >= 300:
                raise BadRequest(f"GitHub refused: {_reason(answer, response.status)}")
        return answer

    async def _with_gh(self, directory: Path, wanted: PullRequest) -> str:
        if await self._host.which("gh") is None:
            raise FailedDependency(
                "A pull request needs GitHub: store a token in your profile, or install gh and sign in with it."
            )
        argv = ["gh", "pr", "create", f"--title={wanted.title}", f"--body={wanted.body}", f"--head={wanted.branch}"]
        if wanted.base:
            argv.append(f"--base={wanted.base}")
        completed = await self._host.run(argv, cwd=directory, env={**QUIET, **_GH_ENVIRONMENT}, timeout=120)
        if not completed.ok:
            raise BadRequest(completed.reason)
        return completed.text.strip()


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address (``HTTPS_PROXY``, ``NO_PROXY``)."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _parsed(body: bytes) -> dict[str, Any]:
    """Return an answer's object; a proxy's page of HTML counts as an empty one."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _reason(answer: dict[str, Any], status: int) -> str:
    """Return what GitHub says about a failure: its message, and those of its list of errors."""
    errors = [error.get("message") for error in answer.get("errors") or () if isinstance(error, dict)]
    said = [str(part) for part in (answer.get("message"), *errors) if part]
    return "; ".join(said) or f"status {status}"
