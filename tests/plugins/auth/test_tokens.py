"""Access tokens: made, shown once, limited by their scopes, ended."""

from typing import Any

import aiohttp
import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.auth import AuthPlugin
from tests.plugins.auth.conftest import OpenHouse, WhoPlugin
from tests.plugins.auth.people import House, Person

TOKENS = "/api/auth/tokens"


async def token_of(person: Person, *scopes: str, **more: Any) -> tuple[str, str]:
    """Return id and text of a new token."""
    made = await person.post(TOKENS, name="CI", scopes=list(scopes), **more)
    return made["id"], made["token"]


async def test_a_token_is_shown_once_and_kept_as_a_hash(house: House) -> None:
    ann = await house.user("ann")
    made = await ann.call("POST", TOKENS, json={"name": "CI", "scopes": ["run"], "expiresInDays": 30})
    assert made["token"].startswith("apt_") and made["token"].startswith(made["hint"])
    assert set(made) == {"id", "name", "hint", "scopes", "createdAt", "expiresAt", "lastUsedAt", "token"}
    listed = await ann.get(TOKENS)
    assert listed == {"tokens": [{name: value for name, value in made.items() if name != "token"}]}
    [row] = await house.running.kernel.db.rows("SELECT * FROM auth_tokens")
    assert made["token"] not in str(row)


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["read"], [("GET", "/api/who")]),
        (["run"], [("GET", "/api/who"), ("POST", "/api/who")]),
        (["admin"], [("GET", "/api/who"), ("POST", "/api/who"), ("GET", "/api/ruler"), ("POST", "/api/ruler")]),
    ],
)
async def test_scopes_decide_what_an_administrators_token_opens(
    house: House, scopes: list[str], allowed: list[tuple[str, str]]
) -> None:
    _, token = await token_of(house.admin, *scopes)
    script = Person(house.running, token=token)
    for asked in [("GET", "/api/who"), ("POST", "/api/who"), ("GET", "/api/ruler"), ("POST", "/api/ruler")]:
        answer = await script.answer(*asked)
        needed = "admin" if asked[1] == "/api/ruler" else "read" if asked[0] == "GET" else "run"
        if asked in allowed:
            assert answer.status == 200, asked
        else:
            assert (answer.status, answer.json) == (403, {"error": f"This access token lacks the scope {needed}"})


async def test_the_kernels_own_figures_are_open_to_an_administrators_read_token_alone(house: House) -> None:
    ann = await house.user("ann")
    _, token = await token_of(house.admin, "read")
    _, other = await token_of(ann, "run")
    assert (await Person(house.running, token=token).answer("GET", "/api/kernel/plugins")).status == 200
    assert (await Person(house.running, token=token).answer("POST", "/api/kernel/plugins/who/disable")).status == 403
    assert (await Person(house.running, token=other).answer("GET", "/api/kernel/plugins")).status == 403


async def test_a_token_acts_as_its_user_and_needs_no_origin(house: House) -> None:
    ann = await house.user("ann")
    _, token = await token_of(ann, "run")
    who = await Person(house.running, token=token).call("POST", "/api/who")
    assert who == {"user": await house.id_of(ann), "role": "user", "scopes": ["read", "run"]}


async def test_a_token_never_makes_or_ends_tokens_or_changes_the_account(house: House) -> None:
    id, token = await token_of(house.admin, "run")
    script = Person(house.running, token=token)
    assert (await script.answer("POST", TOKENS, json={"name": "x", "scopes": ["admin"]})).status == 403
    assert (await script.answer("DELETE", f"{TOKENS}/{id}")).status == 403
    assert (await script.answer("POST", "/api/auth/change-password", json={})).status == 403
    assert (await script.answer("GET", "/api/auth/admin/list-users")).status == 403
    _, ruler = await token_of(house.admin, "admin")
    body = {"currentPassword": "x", "newPassword": "long enough"}
    assert (
        await Person(house.running, token=ruler).answer("POST", "/api/auth/change-password", json=body)
    ).status == 401
    assert (await Person(house.running, token=ruler).answer("GET", "/api/auth/admin/list-users")).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": ["read"], "expiresInDays": 0},
    ],
)
async def test_a_user_cannot_make_a_token_that_allows_more_or_nothing(house: House, body: dict[str, Any]) -> None:
    ann = await house.user("ann")
    assert (await ann.answer("POST", TOKENS, json=body)).status == 400
    assert await ann.get(TOKENS) == {"tokens": []}


async def test_another_users_token_is_as_unknown_as_none(house: House) -> None:
    ann, bob = await house.user("ann"), await house.user("bob")
    id, token = await token_of(ann, "read")
    answers = [await bob.answer("DELETE", f"{TOKENS}/{one}") for one in (id, "x" * 21)]
    assert [answer.status for answer in answers] == [404, 404] and answers[0].body == answers[1].body
    assert await bob.get(TOKENS) == {"tokens": []}
    assert (await Person(house.running, token=token).answer("GET", "/api/who")).status == 200


async def test_the_last_use_is_noted(house: House) -> None:
    _, token = await token_of(house.admin, "read")
    assert (await house.admin.get(TOKENS))["tokens"][0]["lastUsedAt"] is None
    await Person(house.running, token=token).get("/api/who")
    assert (await house.admin.get(TOKENS))["tokens"][0]["lastUsedAt"].endswith("Z")


async def test_a_token_that_has_expired_or_was_revoked_opens_nothing(house: House) -> None:
    id, token = await token_of(house.admin, "read")
    _, old = await token_of(house.admin, "read", expiresInDays=1)
    db = house.running.kernel.db
    past = "UPDATE auth_tokens SET expires_at = '2020-01-01T00:00:00.000Z' WHERE expires_at IS NOT NULL"
    await db.write(lambda tx: tx.execute(past))
    assert await house.admin.call("DELETE", f"{TOKENS}/{id}") == {"ok": True}
    for gone in (token, old, "apt_", "apt_" + "x" * 43):
        # The cookie beside it does not make it good.
        both = {**house.admin.headers, "Authorization": f"Bearer {gone}"}
        assert (await house.admin.answer("GET", "/api/who", headers=both)).status == 401


async def test_a_token_opens_a_socket_until_it_is_revoked(house: House) -> None:
    ann = await house.user("ann")
    id, token = await token_of(ann, "read")
    async with house.running.session.ws_connect(f"{house.running.url}/ws?token={token}") as socket:
        await ann.call("DELETE", f"{TOKENS}/{id}")
        message = await socket.receive(timeout=20)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4001)


async def test_tokens_work_in_local_mode_too(kernel: KernelFactory) -> None:
    running = await kernel({"auth": AuthPlugin, "who": WhoPlugin}, authenticate=False)
    local = (await running.client.acting_as(None).answer("GET", "/api/auth/token")).json["token"]
    owner = Person(running, token=local)
    id, token = await token_of(owner, "read")
    script = Person(running, token=token)
    assert await script.get("/api/who") == {"user": "__local__", "role": "admin", "scopes": ["read"]}
    assert (await script.answer("POST", "/api/who")).status == 403
    async with running.session.ws_connect(f"{running.url}/ws?token={token}") as socket:
        await owner.call("DELETE", f"{TOKENS}/{id}")
        assert (await socket.receive(timeout=20)).data == 4001
    assert (await script.answer("GET", "/api/who")).status == 401


async def test_a_banned_users_token_opens_nothing_until_they_are_let_in_again(multi: OpenHouse) -> None:
    house = await multi()
    ann = await house.user("ann")
    _, token = await token_of(ann, "read")
    script, id = Person(house.running, token=token), await house.id_of(ann)
    await house.admin.post("/api/auth/admin/ban-user", userId=id)
    assert (await script.answer("GET", "/api/who")).status == 401
    await house.admin.post("/api/auth/admin/unban-user", userId=id)
    assert (await script.answer("GET", "/api/who")).status == 200
