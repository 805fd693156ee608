"""Signing in and out, and how long sessions last (``http-features.md`` §9.3, §9.5)."""

from typing import Any

import aiohttp
import pytest

from a_parallel_plugins.auth.people import now_ms
from a_parallel_plugins.auth.sessions import DAY, LIFE
from tests.plugins.auth.conftest import OpenHouse
from tests.plugins.auth.people import COOKIE, PASSWORD, House, Person, set_cookies
from tests.support.database import rows

SIGN_IN = "/api/auth/sign-in/username"


async def change_session(house: House, **values: Any) -> None:
    """Change all sessions in the database as time would."""
    db = house.running.kernel.db
    changes = ", ".join(f"{name} = :{name}" for name in values)
    await db.write(lambda tx: tx.execute(f"UPDATE session SET {changes}", values))


async def test_the_mode_is_told_to_everybody_and_there_is_no_token_to_fetch(house: House) -> None:
    stranger = house.person()
    assert await stranger.get("/api/auth/mode") == {"mode": "multi"}
    assert (await stranger.answer("GET", "/api/auth/token")).status == 404


async def test_nobody_who_has_not_signed_in_gets_in(house: House) -> None:
    for person in (house.person(), Person(house.running, {COOKIE: "x.y"}), Person(house.running, token="apt_x")):
        answer = await person.answer("GET", "/api/who")
        assert (answer.status, answer.json) == (401, {"error": "Unauthorized"})
        assert (await person.answer("GET", "/api/auth/get-session")).body == b"null"


async def test_a_user_signs_in_and_is_known(house: House) -> None:
    ann = house.person()
    await house.user("ann")
    answer = await ann.sign_in("Ann")
    assert (answer.status, set(answer.json)) == (200, {"token", "user"})
    user = answer.json["user"]
    assert (user["username"], user["role"], user["email"]) == ("ann", "user", "ann@local.host")
    assert user["banned"] is False and user["emailVerified"] is False and user["createdAt"].endswith("Z")
    assert len(user["id"]) == len(answer.json["token"]) == 32
    session = await ann.session()
    assert session["user"] == user
    assert session["session"]["token"] == answer.json["token"]
    assert set(session["session"]) == {
        "id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent", "impersonatedBy",
    }  # fmt: skip
    assert (await ann.get("/api/who"))["user"] == user["id"]


async def test_the_cookies_are_for_the_server_alone(house: House) -> None:
    answer = await house.person().sign_in("admin")
    session = next(line for line in set_cookies(answer) if line.startswith(COOKIE))
    assert session.endswith("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax")
    assert any(line.startswith("better-auth.session_data=; Max-Age=0") for line in set_cookies(answer))
    assert answer.headers["Cache-Control"] == "no-store"


async def test_behind_a_tls_proxy_the_cookie_is_secure(multi: OpenHouse) -> None:
    house = await multi(settings={"server.trusted_proxies": ("127.0.0.1",)})
    host = house.running.url.removeprefix("http://")
    secure = {"X-Forwarded-Proto": "https", "Origin": f"https://{host}"}
    body = {"username": "admin", "password": PASSWORD}
    ann = house.person()
    answer = await ann.answer("POST", SIGN_IN, json=body, headers=secure)
    ann.keep(answer)
    assert all(line.startswith("__Secure-") and line.endswith("; Secure") for line in set_cookies(answer))
    assert (await ann.answer("GET", "/api/who", headers=secure)).status == 200


WRONG_SIGN_INS = [
    ({"username": "admin", "password": "wrong"}, 401, "INVALID_USERNAME_OR_PASSWORD"),
    ({"username": "nobody", "password": "wrong"}, 401, "INVALID_USERNAME_OR_PASSWORD"),
    ({"username": "", "password": "x"}, 401, "INVALID_USERNAME_OR_PASSWORD"),
    ({"username": "admin", "password": ""}, 401, "INVALID_USERNAME_OR_PASSWORD"),
    ({"username": "ad", "password": "x"}, 422, "USERNAME_TOO_SHORT"),
    ({"username": "a" * 31, "password": "x"}, 422, "USERNAME_IS_TOO_LONG"),
    ({"username": "a b c", "password": "x"}, 422, "USERNAME_IS_INVALID"),
    ({"username": "admin"}, 400, "VALIDATION_ERROR"),
    ({"username": 1, "password": "x"}, 400, "VALIDATION_ERROR"),
]


async def test_what_is_wrong_with_a_sign_in_is_told_in_the_form_of_the_client(house: House) -> None:
    for body, status, code in WRONG_SIGN_INS:
        answer = await house.person().answer("POST", SIGN_IN, json=body)
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.json["message"] and answer.json["error"] == answer.json["message"]
        assert not set_cookies(answer)


async def test_forms_and_broken_json_are_refused(house: House) -> None:
    form = await house.person().answer("POST", SIGN_IN, data=b'{"username": "admin", "password": "x"}')
    assert form.status == 415
    kind = {"Content-Type": "application/json"}
    assert (await house.person().answer("POST", SIGN_IN, data=b"{", headers=kind)).status == 400


async def test_guessing_is_slowed_down_for_one_account_and_not_for_others(house: House) -> None:
    ann = await house.user("ann")
    guesses = [(await house.person().sign_in("admin", "wrong")).status for _ in range(9)]
    assert guesses == [401] * 8 + [429]
    answer = await house.person().sign_in("ADMIN", PASSWORD)
    assert (answer.status, answer.json["code"]) == (429, "TOO_MANY_REQUESTS")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert (await ann.sign_in("ann")).status == 200


async def test_a_successful_sign_in_is_no_guess(house: House) -> None:
    for _ in range(12):
        assert (await house.person().sign_in("admin")).status == 200


async def test_signing_out_ends_the_session_for_good(house: House) -> None:
    ann = await house.user("ann")
    stolen = Person(house.running, dict(ann.cookies))
    answer = await ann.answer("POST", "/api/auth/sign-out", json={})
    ann.keep(answer)
    assert (answer.json, ann.cookies) == ({"success": True}, {})
    assert (await stolen.answer("GET", "/api/who")).status == 401
    assert await stolen.session() is None
    assert (await ann.answer("POST", "/api/auth/sign-out", json={})).json == {"success": True}


async def test_every_sign_in_has_a_token_of_its_own_whatever_the_browser_brings(house: House) -> None:
    await house.user("ann")
    planted = dict(house.admin.cookies)
    ann = Person(house.running, dict(planted))
    answer = await ann.sign_in("ann")
    assert answer.json["token"] not in planted[COOKIE]
    assert ann.cookies[COOKIE] != planted[COOKIE]
    assert (await house.admin.session())["user"]["username"] == "admin"


async def test_a_session_is_refreshed_after_a_day_and_its_cookie_sent_again(house: House) -> None:
    ends = now_ms() + LIFE - DAY - 60_000
    await change_session(house, expires_at=ends)
    await house.admin.get("/api/who")
    [row] = await house.running.kernel.db.rows("SELECT expires_at FROM session")
    assert row["expires_at"] >= ends + DAY
    answer = await house.admin.answer("GET", "/api/auth/get-session")
    assert any(line.startswith(COOKIE) and "Max-Age=604800" in line for line in set_cookies(answer))


async def test_a_session_that_is_not_to_be_remembered_lasts_a_day(house: House) -> None:
    await house.user("ann")
    ann = house.person()
    answer = await ann.sign_in("ann", rememberMe=False)
    assert all("Max-Age" not in line or "Max-Age=0" in line for line in set_cookies(answer))
    ends = now_ms() + DAY
    session = next(one for one in rows(house.running.kernel.config.server.data_directory, "SELECT * FROM session")
                   if one["token"] == answer.json["token"])  # fmt: skip
    assert abs(session["expires_at"] - ends) < 60_000
    await ann.get("/api/who")
    [row] = await house.running.kernel.db.rows("SELECT * FROM session WHERE token = :t", t=answer.json["token"])
    assert row["expires_at"] == session["expires_at"]


async def test_an_expired_session_opens_nothing_and_is_deleted(house: House) -> None:
    await change_session(house, expires_at=now_ms() - 1)
    answer = await house.admin.answer("GET", "/api/auth/get-session")
    assert answer.body == b"null"
    assert any(line.startswith(f"{COOKIE}=; Max-Age=0") for line in set_cookies(answer))
    assert (await house.admin.answer("GET", "/api/who")).status == 401
    assert await house.running.kernel.db.rows("SELECT * FROM session") == []


async def closed_with(house: House, person: Person, action: Any) -> int | None:
    """Return the code with which a person's socket is closed when `action` is done."""
    address = f"{house.running.url}/ws"
    async with house.running.session.ws_connect(address, headers=person.headers) as socket:
        await action()
        message = await socket.receive(timeout=20)
        assert message.type is aiohttp.WSMsgType.CLOSE, message
    return int(message.data)


async def test_sockets_close_with_4001_when_a_session_ends(house: House) -> None:
    ann = await house.user("ann")
    assert await closed_with(house, ann, lambda: ann.post("/api/auth/sign-out")) == 4001


async def test_sockets_close_with_4001_when_a_session_expires(house: House) -> None:
    async def expire() -> None:
        await change_session(house, expires_at=now_ms() - 1)
        await house.running.kernel.supervisor.records["auth"].plugin.mode.tidy()  # type: ignore[union-attr]

    assert await closed_with(house, house.admin, expire) == 4001


async def test_without_a_session_a_socket_is_opened_and_closed_with_4001(house: House) -> None:
    async def nothing() -> None:
        return None

    assert await closed_with(house, house.person(), nothing) == 4001


async def test_a_password_is_changed_and_all_other_sessions_end(house: House) -> None:
    ann = await house.user("ann")
    other = house.person()
    await other.sign_in("ann")
    body = {"currentPassword": PASSWORD, "newPassword": "another one"}

    async def change() -> None:
        assert (await ann.post("/api/auth/change-password", **body))["token"] is None

    assert await closed_with(house, other, change) == 4001
    assert (await other.answer("GET", "/api/who")).status == 401
    assert (await ann.answer("GET", "/api/who")).status == 200
    assert (await house.person().sign_in("ann")).status == 401
    assert (await house.person().sign_in("ann", "another one")).status == 200


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [
        ("wrong", "long enough", "INVALID_PASSWORD"),
        (PASSWORD, "short", "PASSWORD_TOO_SHORT"),
        (PASSWORD, "x" * 129, "PASSWORD_TOO_LONG"),
    ],
)
async def test_a_password_that_does_not_do_is_not_changed(house: House, current: str, new: str, code: str) -> None:
    body = {"currentPassword": current, "newPassword": new}
    answer = await house.admin.answer("POST", "/api/auth/change-password", json=body)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert (await house.person().sign_in("admin")).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": ""}, "MISSING_OR_NULL_ORIGIN"),
        ({"Origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
        ({"Origin": "http://evil.example"}, "INVALID_ORIGIN"),
    ],
)
async def test_with_a_cookie_other_sites_change_nothing(house: House, headers: dict[str, str], code: str) -> None:
    for path in ("/api/who", "/api/auth/sign-out", "/api/auth/change-password", "/api/auth/admin/create-user"):
        answer = await house.admin.answer("POST", path, json={}, headers=headers)
        assert (answer.status, answer.json["code"]) == (403, code), path
    assert (await house.admin.session())["user"]["username"] == "admin"
    wanted = {name: value for name, value in {**house.admin.headers, **headers}.items() if value}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await house.running.session.ws_connect(f"{house.running.url}/ws", headers=wanted)
    assert refused.value.status == 403


async def test_another_site_cannot_sign_its_visitors_in(house: House) -> None:
    evil = {"Origin": "http://evil.example"}
    body = {"username": "admin", "password": PASSWORD}
    answer = await house.person().answer("POST", SIGN_IN, json=body, headers=evil)
    assert (answer.status, answer.json["code"]) == (403, "INVALID_ORIGIN")


async def test_unknown_paths_of_authentication_do_not_exist(house: House) -> None:
    for method in ("GET", "POST"):
        assert (await house.admin.answer(method, "/api/auth/unknown")).status == 404
    answer = await house.person().answer("POST", "/api/auth/sign-up/email", json={})
    assert (answer.status, answer.json["code"]) == (400, "EMAIL_AND_PASSWORD_SIGN_UP_IS_NOT_ENABLED")


async def test_one_signs_in_by_address_too(house: House) -> None:
    body = {"email": "Admin@local.host", "password": PASSWORD}
    answer = await house.person().answer("POST", "/api/auth/sign-in/email", json=body)
    assert (answer.status, answer.json["redirect"]) == (200, False)
    wrong = await house.person().answer("POST", "/api/auth/sign-in/email", json={**body, "password": "wrong"})
    assert (wrong.status, wrong.json["code"]) == (401, "INVALID_EMAIL_OR_PASSWORD")
