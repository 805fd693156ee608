"""What pages of other sites can make a browser do: nothing, whichever route they choose."""

from typing import Any

import aiohttp
import pytest

from tests.security.house import MARK, House, Person
from tests.security.samples import Sample
from tests.security.state import differences, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREIGN = (None, "null", "https://evil.example", "http://localhost", "http://localhost.evil.example", "file://")
"""Origins of pages that are not this server's; without any the browser is an old one, or it is a form."""


def state_of(house: House) -> dict[str, str]:
    return whole(house.running.kernel.config.server.data_directory, [house.home, house.work])


def riding(person: Person, origin: str | None) -> Person:
    """Return a visitor of another site whose browser adds the cookie of this one."""
    headers = {"Cookie": person.headers["Cookie"], **({} if origin is None else {"Origin": origin})}
    return Person("visitor", headers, person.role)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_cookie_alone_changes_nothing_on_any_route(house: House, origin: str | None) -> None:
    before, wrong = state_of(house), []
    for name in ("alice", "admin"):
        visitor = riding(house.people[name], origin)
        for operation in house.operations:
            if operation.changes and operation.access != "public" and house.people[name].may(operation):
                answer = await house.call(visitor, operation.request(house.things))
                refused = answer.status == 403 and MARK not in answer.body.decode()
                wrong += [] if refused else [f"{operation.name}: {answer.status} {answer.body[:200]!r}"]
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, state_of(house))), "\n".join(changed)


async def test_what_is_only_asked_for_changes_nothing(house: House) -> None:
    """Browsers send GET for every image of every page, and the cookie with it."""
    before, wrong = state_of(house), []
    for name in ("alice", "admin"):
        for operation in house.operations:
            if not operation.changes and house.people[name].may(operation):
                answer = await house.call(riding(house.people[name], None), operation.request(house.things))
                wrong += [f"{operation.name}: {answer.status}"] if answer.status >= 500 else []
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, state_of(house))), "\n".join(changed)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.nip.io", ""])
async def test_a_name_that_was_bound_to_this_machine_opens_nothing(house: House, host: str) -> None:
    """DNS rebinding: the page's own name leads here, so that for the browser it is the same site."""
    before, wrong = state_of(house), []
    for operation in house.operations:
        if operation.path.startswith("/api/"):
            call = operation.request(house.things)
            answer = await house.call(house.people["alice"], call, headers={"Host": host, "Origin": f"http://{host}"})
            wrong += [f"{operation.name}: {answer.status}"] if answer.status != 403 else []
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, state_of(house))), "\n".join(changed)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_socket_opens_for_another_sites_page(house: House, origin: str | None) -> None:
    visitor = riding(house.people["alice"], origin)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with house.socket(visitor):
            pass
    assert refused.value.status == 403


@pytest.mark.parametrize("origin", [one for one in FOREIGN if one])
async def test_no_page_of_another_site_may_read_an_answer(house: House, origin: str) -> None:
    alice = house.people["alice"]
    for sample in (Sample("GET", "/api/projects"), Sample("OPTIONS", "/api/projects"), Sample("GET", "/api/nothing")):
        answer = await house.call(alice, sample, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Forwarded-Host": "evil.example"}, 200),
        ({"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}, 200),
        ({"Forwarded": "host=evil.example"}, 200),
    ],
)
async def test_what_a_caller_says_of_itself_is_not_believed(house: House, headers: dict[str, str], status: int) -> None:
    answer = await house.call(house.people["alice"], Sample("GET", "/api/auth/get-session"), headers=headers)
    assert answer.status == status
    assert "Strict-Transport-Security" not in answer.headers
    assert "Secure" not in str(answer.headers.get("Set-Cookie"))


async def test_strangers_cannot_fill_the_memory(house: House) -> None:
    """Whoever has not signed in is read a little of, and not what one may send who has."""
    body: dict[str, Any] = {"username": "a" * 2_000_000, "password": "b"}
    answer = await house.call(Person("stranger"), Sample("POST", "/api/auth/sign-in/username", body))
    assert answer.status == 413
    assert (await house.call(house.people["alice"], Sample("PUT", "/api/profile", body))).status == 200
