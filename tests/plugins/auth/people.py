"""A server with accounts, and people who use it with a browser's cookies."""

import re
from dataclasses import dataclass, field
from typing import Any

from a_parallel_contracts import Plugin
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Answer, RunningKernel
from a_parallel_plugins.auth import AuthPlugin

PASSWORD = "correct horse"
COOKIE = "better-auth.session_token"


@dataclass
class Person:
    """Somebody with a browser: sends the page's origin and keeps cookies.

    Attributes:
        running: the server.
        cookies: by name.
        token: an access token to send instead of cookies.
    """

    running: RunningKernel
    cookies: dict[str, str] = field(default_factory=dict)
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What is sent along with every request."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        shown = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Origin": self.running.url, **({"Cookie": shown} if shown else {})}

    async def answer(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Answer:
        """Send a request; `headers` that are empty are left out."""
        wanted = {name: value for name, value in {**self.headers, **(headers or {})}.items() if value}
        return await self.running.client.acting_as(None).answer(method, path, headers=wanted, **options)

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Send a request that must succeed and return its body."""
        answer = await self.answer(method, path, **options)
        assert answer.status < 400, f"{method} {path} answered {answer.status}: {answer.body!r}"
        return answer.json

    async def get(self, path: str) -> Any:
        """GET."""
        return await self.call("GET", path)

    async def post(self, path: str, **body: Any) -> Any:
        """POST."""
        return await self.call("POST", path, json=body)

    async def sign_in(self, username: str, password: str = PASSWORD, **more: Any) -> Answer:
        """Sign in and keep the cookies."""
        body = {"username": username, "password": password, **more}
        answer = await self.answer("POST", "/api/auth/sign-in/username", json=body)
        self.keep(answer)
        return answer

    def keep(self, answer: Answer) -> None:
        """Keep the cookies of an answer, and drop those that it expires."""
        for line in set_cookies(answer):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    async def session(self) -> Any:
        """Return the answer of ``get-session``."""
        return await self.get("/api/auth/get-session")


def set_cookies(answer: Answer) -> list[str]:
    """Return all ``Set-Cookie`` headers of an answer."""
    return list(answer.headers.getall("Set-Cookie", ()))  # type: ignore[attr-defined]


@dataclass
class House:
    """A server in multi-user mode.

    Attributes:
        running: the kernel.
        printed: what it printed at its start.
    """

    running: RunningKernel
    admin: Person

    def person(self) -> Person:
        """Return somebody who has not signed in."""
        return Person(self.running)

    async def user(self, username: str, role: str = "user") -> Person:
        """Return somebody new who has signed in."""
        await self.admin.post(
            "/api/auth/admin/create-user",
            name=username.title(),
            email=f"{username}@local.host",
            password=PASSWORD,
            role=role,
            data={"username": username},
        )
        person = self.person()
        answer = await person.sign_in(username)
        assert answer.status == 200, answer.body
        return person

    async def id_of(self, person: Person) -> str:
        """Return a signed-in person's id."""
        return str((await person.session())["user"]["id"])


async def open_house(
    kernel: KernelFactory,
    plugins: dict[str, type[Plugin]] | None = None,
    *,
    password: str,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> House:
    """Start a server in multi-user mode and sign the first administrator in.

    Parameters:
        kernel: the fixture.
        plugins: classes beside `AuthPlugin`, by id.
        password: the administrator's, as in ``A_PARALLEL_ADMIN_PASSWORD``.
        settings: further ones.
        options: of the fixture.
    """
    multi = {"server.auth_mode": "multi", **(settings or {})}
    running = await kernel({"auth": AuthPlugin, **(plugins or {})}, authenticate=False, settings=multi, **options)
    running.expect_running("auth")
    house = House(running, Person(running))
    answer = await house.admin.sign_in("admin", password)
    assert answer.status == 200, answer.body
    return house


def printed_password(text: str) -> str:
    """Return the password that a server printed at its first start."""
    found = re.search(r"shown once: (\S+)", text)
    assert found, text
    return found[1]
