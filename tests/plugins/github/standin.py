"""A GitHub for tests on loopback: device flow, REST API, and repositories over git's smart HTTP protocol."""

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests.support.repository import GIT_ENVIRONMENT

FORM = "application/x-www-form-urlencoded"


@dataclass
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)
    status: int = 0


class StandInGithub:
    """One server for website, API (below ``/api/v3``) and git.

    Parameters:
        root: holds bare repositories as ``<owner>/<name>.git``.

    Attributes:
        tokens: login by token.
        repositories: what ``/user/repos`` lists.
        private: repositories that need a token, as ``owner/name``.
        moved: addresses to which others redirect, by ``owner/name``.
        device: what the next polls answer, one after another; the last stays.
        interval: seconds between two polls.
        seen: every request.
        extra: headers of every answer of the API.
        refusal: if set, status, headers and body of every answer of the API.
        packs: packs are sent while it is set.
        packing: set when a pack was asked for.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tokens: dict[str, str] = {}
        self.repositories: list[dict[str, Any]] = []
        self.private: set[str] = set()
        self.moved: dict[str, str] = {}
        self.device: list[dict[str, Any]] = []
        self.interval = 5
        self.seen: list[Seen] = []
        self.extra: dict[str, str] = {}
        self.refusal: tuple[int, dict[str, str], Any] | None = None
        self.packs = asyncio.Event()
        self.packs.set()
        self.packing = asyncio.Event()
        application = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self._noting])
        application.add_routes(
            [
                web.post("/login/device/code", self._device_code),
                web.post("/login/oauth/access_token", self._access_token),
                web.get("/api/v3/user", self._api(self._user)),
                web.get("/api/v3/user/repos", self._api(self._list)),
                web.get(
                    "/api/v3/repos/{owner}/{name}", self._api(lambda request, login: ({"default_branch": "main"}, {}))
                ),
                web.post("/api/v3/repos/{owner}/{name}/pulls", self._pull),
                web.get("/api/v3/search/repositories", self._api(self._search)),
                web.route("*", "/{owner}/{name}.git/{rest:.*}", self._git),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.packs.set()
        await self._runner.cleanup()

    def calls(self, path: str) -> list[Seen]:
        """Return the requests to a path of the API."""
        return [one for one in self.seen if one.path == f"/api/v3{path}"]

    @web.middleware
    async def _noting(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        form = (
            {key: str(value) for key, value in (await request.post()).items()} if FORM in request.content_type else {}
        )
        headers = {name.lower(): value for name, value in request.headers.items()}
        one = Seen(request.method, request.path, dict(request.query), headers, form)
        self.seen.append(one)
        answer: web.StreamResponse = await handler(request)
        one.status = answer.status
        return answer

    # --- device flow --------------------------------------------------------------------------------

    async def _device_code(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "device_code": "device-1",
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/login/device",
                "expires_in": 899,
                "interval": self.interval,
                "unknown": True,
            }
        )

    async def _access_token(self, request: web.Request) -> web.Response:
        return web.json_response(self.device.pop(0) if len(self.device) > 1 else self.device[0])

    # --- API ----------------------------------------------------------------------------------------

    def _api(self, answer: Callable[[web.Request, str], Any]) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.Response:
            if self.refusal is not None:
                status, headers, body = self.refusal
                return web.json_response(body, status=status, headers=headers)
            login = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
            if login is None:
                return web.json_response({"message": "Bad credentials"}, status=401)
            body, headers = answer(request, login)
            response = web.json_response(body, headers={**headers, **self.extra})
            etag = f'W/"{hashlib.sha256(response.body or b"").hexdigest()}"'  # type: ignore[arg-type]
            if request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={**self.extra, "ETag": etag})
            response.headers["ETag"] = etag
            return response

        return handler

    def _user(self, request: web.Request, login: str) -> Any:
        return {"login": login, "id": 7, "avatar_url": f"{self.url}/{login}.png", "name": None, "email": "x"}, {}

    def _list(self, request: web.Request, login: str) -> Any:
        page, size = int(request.query["page"]), int(request.query["per_page"])
        link = {"Link": f'<{self.url}/x?page=1>; rel="prev", <{self.url}/x?page={page + 1}>; rel="next"'}
        more = len(self.repositories) > page * size
        return self.repositories[(page - 1) * size : page * size], link if more else {}

    def _search(self, request: web.Request, login: str) -> Any:
        return {"total_count": 2500, "items": self.repositories[:2]}, {}

    async def _pull(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["title"] == "refuse":
            errors = [{"message": f"A pull request already exists for {body['head']}."}]
            return web.json_response({"message": "Validation Failed", "errors": errors}, status=422)
        address = "{owner}/{name}/pull/7".format(**request.match_info)
        return web.json_response({"html_url": f"{self.url}/{address}"}, status=201)

    # --- git ----------------------------------------------------------------------------------------

    async def _git(self, request: web.Request) -> web.StreamResponse:
        owner, name, rest = (request.match_info[part] for part in ("owner", "name", "rest"))
        if address := self.moved.get(f"{owner}/{name}"):
            return web.Response(status=301, headers={"Location": f"{address}/{rest}?{request.query_string}"})
        if f"{owner}/{name}" in self.private and not self._may_read(request):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})
        body = await request.read()
        if request.method == "POST":
            self.packing.set()
            await self.packs.wait()
        return await self._backend(request, f"/{owner}/{name}.git/{rest}", body)

    def _may_read(self, request: web.Request) -> bool:
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        user, _, token = base64.b64decode(encoded).decode().partition(":") if kind == "Basic" else ("", "", "")
        return user == "x-access-token" and token in self.tokens

    async def _backend(self, request: web.Request, path: str, received: bytes) -> web.Response:
        """Run git-http-backend(1), a CGI program."""
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                **GIT_ENVIRONMENT,
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
                "PATH_INFO": path,
                "QUERY_STRING": request.query_string,
                "REQUEST_METHOD": request.method,
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            },
        )
        output, _ = await process.communicate(received)
        head, _, body = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return web.Response(status=status, headers=headers, body=body)
