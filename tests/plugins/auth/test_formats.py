"""The formats of Better Auth, by the contract's test vectors (``http-features.md`` §9.4, §9.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_plugins.auth.cookies import SESSION, Cookies
from a_parallel_plugins.auth.hashing import Hasher, hash_password
from a_parallel_plugins.auth.tables import milliseconds

SALT = "00112233445566778899aabbccddeeff"
KEY = (
    "a565dead65ed407c95b74478543c1e8d53512b1f93993c5c1efc9d75f299f677"
    "57003d6192351ffe870b8dcc23a737c17e3de2ae5763961bef626edd34cf4134"
)
SECRET = "0123456789abcdef" * 8
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz012345"
SIGNED = f"{TOKEN}.ZWB1xhpw9x%2FX9AM%2FkUR%2B%2FY40M5DkViMEBq7dIkDdC%2FQ%3D"


def test_a_password_is_hashed_as_the_vector_says() -> None:
    assert hash_password("admin", SALT) == f"{SALT}:{KEY}"


def test_a_password_counts_in_its_composed_form() -> None:
    assert hash_password("e\u0301", SALT) == hash_password("\u00e9", SALT)


async def test_only_the_right_password_matches() -> None:
    hasher = Hasher()
    assert await hasher.matches("admin", f"{SALT}:{KEY}")
    assert not await hasher.matches("Admin", f"{SALT}:{KEY}")
    assert not await hasher.matches("admin", None)
    for broken in ("", ":", "x", f"{SALT}:", f":{KEY}", "\udce9:é"):
        assert not await hasher.matches("admin", broken)


def test_a_cookie_is_signed_as_the_vector_says() -> None:
    assert Cookies(SECRET).sign(TOKEN) == SIGNED
    assert Cookies(SECRET).read({SESSION: SIGNED}) == TOKEN
    assert Cookies(SECRET).read({f"__Secure-{SESSION}": SIGNED}) == TOKEN


@pytest.mark.parametrize(
    "value", ["", ".", TOKEN, f"{TOKEN}.", SIGNED[:-4], SIGNED.replace("A", "B", 1), SIGNED + "x", f"x{SIGNED}"]
)
def test_a_cookie_with_another_signature_is_no_session(value: str) -> None:
    assert Cookies(SECRET).read({SESSION: value}) is None
    assert Cookies("another").read({SESSION: SIGNED}) is None


@given(st.text())
def test_whatever_a_cookie_holds_it_is_read_without_harm(value: str) -> None:
    assert Cookies(SECRET).read({SESSION: value}) is None


def test_cookies_are_marked_for_https_behind_https_alone() -> None:
    plain, secure = (Cookies(SECRET).started(TOKEN, remember=True, secure=secure)[0] for secure in (False, True))
    assert plain == f"{SESSION}={SIGNED}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
    assert secure == f"__Secure-{SESSION}={SIGNED}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert "Max-Age" not in Cookies(SECRET).started(TOKEN, remember=False, secure=False)[0]


@pytest.mark.parametrize(
    "stored",
    [1767225600000, 1767225600, "2026-01-01T00:00:00.000Z", "2026-01-01 00:00:00", "1767225600000", 1767225600000.0],
)
def test_a_time_is_read_in_whatever_form_it_is_stored(stored: object) -> None:
    assert milliseconds(stored) == 1767225600000
