"""The administrator's user management (``http-features.md`` §9.3, §9.7)."""

from collections.abc import Iterable
from typing import Any

import pytest

from a_parallel_contracts import Plugin, Transaction, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.plugin import Manifest, PluginContext
from tests.plugins.auth.conftest import OpenHouse
from tests.plugins.auth.people import PASSWORD, House, Person
from tests.plugins.auth.test_sessions import closed_with

ADMIN = "/api/auth/admin"
NEW = {"name": "Cleo", "email": "cleo@local.host", "password": PASSWORD, "data": {"username": "cleo"}}


async def test_users_are_listed_in_the_order_in_which_they_were_added(house: House) -> None:
    for name in ("bob", "ann"):
        await house.user(name)
    listed = await house.admin.get(f"{ADMIN}/list-users?limit=100")
    assert [user["username"] for user in listed["users"]] == ["admin", "bob", "ann"]
    assert (listed["total"], listed["limit"]) == (3, 100)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("limit=1&offset=1", ["bob"]),
        ("searchValue=AN&searchField=name", ["ann"]),
        ("searchValue=b&searchOperator=starts_with", ["bob"]),
        ("filterField=role&filterValue=admin", ["admin"]),
        ("sortBy=username&sortDirection=desc", ["bob", "ann", "admin"]),
    ],
)
async def test_lists_are_searched_sorted_and_cut(house: House, query: str, names: list[str]) -> None:
    for name in ("bob", "ann"):
        await house.user(name)
    listed = await house.admin.get(f"{ADMIN}/list-users?{query}")
    assert [user["username"] for user in listed["users"]] == names
    unknown = await house.admin.answer("GET", f"{ADMIN}/list-users?sortBy=password")
    assert (unknown.status, unknown.json["code"]) == (400, "VALIDATION_ERROR")


async def test_a_new_user_can_sign_in(house: House) -> None:
    made = await house.admin.post(f"{ADMIN}/create-user", **{**NEW, "email": "Cleo@Local.Host", "role": ["user"]})
    user = made["user"]
    assert (user["email"], user["username"], user["role"]) == ("cleo@local.host", "cleo", "user")
    assert await house.admin.get(f"{ADMIN}/get-user?id={user['id']}") == user
    assert (await house.person().sign_in("cleo")).status == 200


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"email": "admin@local.host"}, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
    ({"email": "nothing"}, "INVALID_EMAIL"),
    ({"data": {"username": "Admin"}}, "USERNAME_IS_ALREADY_TAKEN"),
    ({"data": {"username": "x"}}, "USERNAME_TOO_SHORT"),
    ({"data": {"username": "a b c"}}, "USERNAME_IS_INVALID"),
    ({"password": "short"}, "PASSWORD_TOO_SHORT"),
    ({"role": "king"}, "INVALID_ROLE"),
    ({"name": ""}, "VALIDATION_ERROR"),
]


async def test_what_a_user_cannot_be_is_told_and_nobody_added(house: House) -> None:
    for change, code in IMPOSSIBLE:
        answer = await house.admin.answer("POST", f"{ADMIN}/create-user", json={**NEW, **change})
        assert (answer.status, answer.json["code"]) == (400, code)
        assert (await house.admin.get(f"{ADMIN}/list-users"))["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "list-users", "LIST_USERS"),
        ("POST", "create-user", "CREATE_USERS"),
        ("POST", "remove-user", "DELETE_USERS"),
        ("POST", "set-role", "CHANGE_USERS_ROLE"),
        ("POST", "set-user-password", "SET_USERS_PASSWORD"),
        ("POST", "ban-user", "BAN_USERS"),
    ],
)
async def test_management_is_for_administrators(house: House, method: str, path: str, code: str) -> None:
    ann = await house.user("ann")
    refused = await ann.answer(method, f"{ADMIN}/{path}", json={})
    assert (refused.status, refused.json["code"]) == (403, f"YOU_ARE_NOT_ALLOWED_TO_{code}")
    assert (await house.person().answer(method, f"{ADMIN}/{path}", json={})).status == 401


async def test_a_password_that_an_administrator_sets_ends_the_users_sessions(house: House) -> None:
    ann = await house.user("ann")
    body = {"userId": await house.id_of(ann), "newPassword": "another one"}
    assert await house.admin.post(f"{ADMIN}/set-user-password", **body) == {"status": True}
    assert (await ann.answer("GET", "/api/who")).status == 401
    assert (await house.person().sign_in("ann", "another one")).status == 200


async def test_an_administrator_changes_roles_but_the_last_one_stays_one(house: House) -> None:
    ann = await house.user("ann")
    id, own = await house.id_of(ann), await house.id_of(house.admin)
    refused = await house.admin.answer("POST", f"{ADMIN}/set-role", json={"userId": own, "role": "user"})
    assert (refused.status, refused.json["code"]) == (400, "LAST_ADMIN")

    async def promote() -> None:
        assert (await house.admin.post(f"{ADMIN}/set-role", userId=id, role="admin"))["user"]["role"] == "admin"

    assert await closed_with(house, ann, promote) == 1012, "the page connects again, with its new role"
    assert (await ann.answer("GET", "/api/ruler")).status == 200
    assert (await house.admin.post(f"{ADMIN}/set-role", userId=own, role="user"))["user"]["role"] == "user"
    assert (await house.admin.answer("GET", "/api/ruler")).status == 403


async def test_a_banned_user_is_out_at_once(house: House) -> None:
    ann = await house.user("ann")
    id = await house.id_of(ann)

    async def ban() -> None:
        await house.admin.post(f"{ADMIN}/ban-user", userId=id, banReason="noise")

    assert await closed_with(house, ann, ban) == 4001
    assert (await ann.answer("GET", "/api/who")).status == 401
    refused = await house.person().sign_in("ann")
    assert (refused.status, refused.json["code"]) == (403, "BANNED_USER")
    await house.admin.post(f"{ADMIN}/unban-user", userId=id)
    assert (await house.person().sign_in("ann")).status == 200


@pytest.mark.parametrize(
    "path", ["set-role", "remove-user", "ban-user", "unban-user", "update-user", "set-user-password"]
)
async def test_a_user_that_is_not_there_is_not_found(house: House, path: str) -> None:
    body = {"userId": "nobody", "role": "user", "data": {}, "newPassword": "long enough"}
    answer = await house.admin.answer("POST", f"{ADMIN}/{path}", json=body)
    assert (answer.status, answer.json["code"]) == (404, "USER_NOT_FOUND")


class SheetsPlugin(Plugin, AccountHooks):
    """Owns rows that pass on, and some that do not."""

    manifest = Manifest(api="1.0")
    deleted: list[str]

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> Any:
        self.deleted = []

        async def gone(event: UserDeleted) -> None:
            self.deleted.append(event.user_id)

        ctx.on(UserDeleted, gone)
        await ctx.db.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS sheets (id TEXT, owner TEXT)"))
        yield

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        def move(tx: Transaction, previous: str, owner: str) -> None:
            tx.execute("UPDATE sheets SET owner = ? WHERE owner = ?", (owner, previous))

        return Ownership("sheets", move)


async def owners(house: House) -> dict[str, str]:
    """Return the owner of each sheet."""
    found: Iterable[dict[str, Any]] = await house.running.kernel.db.rows("SELECT id, owner FROM sheets")
    return {row["id"]: row["owner"] for row in found}


async def test_what_a_removed_user_owned_passes_to_whoever_removes_them_or_is_named(multi: OpenHouse) -> None:
    house = await multi({"sheets": SheetsPlugin})
    ids: dict[str, str] = {}
    people: dict[str, Person] = {}
    for name in ("ann", "bob", "cleo"):
        people[name] = await house.user(name)
        ids[name] = await house.id_of(people[name])
    db = house.running.kernel.db
    await db.write(lambda tx: tx.executemany("INSERT INTO sheets VALUES (?, ?)", list(ids.items())))
    token = (await people["ann"].post("/api/auth/tokens", name="CI", scopes=["read"]))["token"]

    async def remove() -> None:
        assert await house.admin.post(f"{ADMIN}/remove-user", userId=ids["ann"]) == {"success": True}

    assert await closed_with(house, people["ann"], remove) == 4001
    own = await house.id_of(house.admin)
    assert await owners(house) == {"ann": own, "bob": ids["bob"], "cleo": ids["cleo"]}
    await house.admin.post(f"{ADMIN}/remove-user", userId=ids["bob"], transferTo=ids["cleo"])
    assert await owners(house) == {"ann": own, "bob": ids["cleo"], "cleo": ids["cleo"]}
    await house.running.settled()
    assert house.running.kernel.supervisor.records["sheets"].plugin.deleted == [ids["ann"], ids["bob"]]  # type: ignore[union-attr]
    assert (await house.person().sign_in("ann")).status == 401
    for gone in (people["ann"], Person(house.running, token=token)):
        assert (await gone.answer("GET", "/api/who")).status == 401


async def test_nobody_removes_themselves_or_leaves_to_nobody(house: House) -> None:
    ann = await house.user("ann")
    id, own = await house.id_of(ann), await house.id_of(house.admin)
    for body, code in (
        ({"userId": own}, "YOU_CANNOT_REMOVE_YOURSELF"),
        ({"userId": id, "transferTo": id}, "INVALID_TRANSFER"),
        ({"userId": id, "transferTo": "nobody"}, "USER_NOT_FOUND"),
    ):
        answer = await house.admin.answer("POST", f"{ADMIN}/remove-user", json=body)
        assert answer.json["code"] == code
    assert (await ann.answer("GET", "/api/who")).status == 200
