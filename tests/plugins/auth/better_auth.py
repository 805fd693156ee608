"""Databases with the tables of Better Auth, in the forms that its two ways of making them lead to.

One user, ``olga`` with the password ``admin`` (the contract's vector), is signed in (``http-features.md`` §9.4, §9.5).
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

SALT = "00112233445566778899aabbccddeeff"
KEY = (
    "a565dead65ed407c95b74478543c1e8d53512b1f93993c5c1efc9d75f299f677"
    "57003d6192351ffe870b8dcc23a737c17e3de2ae5763961bef626edd34cf4134"
)
SECRET = "0123456789abcdef" * 8
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz012345"
COOKIE = f"{TOKEN}.ZWB1xhpw9x%2FX9AM%2FkUR%2B%2FY40M5DkViMEBq7dIkDdC%2FQ%3D"

FORMS = ("camel", "snake", "seconds")
_BEGAN, _ENDS = 1767225600, 4070908800
"""2026-01-01 and 2099-01-01, in seconds."""

_CAMEL = """
CREATE TABLE "user" ("id" text NOT NULL PRIMARY KEY, "name" text NOT NULL, "email" text NOT NULL UNIQUE,
    "emailVerified" integer NOT NULL, "image" text, "createdAt" date NOT NULL, "updatedAt" date NOT NULL,
    "username" text, "displayUsername" text, "role" text, "banned" integer, "banReason" text, "banExpires" date);
CREATE UNIQUE INDEX user_name_of ON "user" ("username");
CREATE TABLE "session" ("id" text NOT NULL PRIMARY KEY, "expiresAt" date NOT NULL, "token" text NOT NULL UNIQUE,
    "createdAt" date NOT NULL, "updatedAt" date NOT NULL, "ipAddress" text, "userAgent" text,
    "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "impersonatedBy" text);
CREATE TABLE "account" ("id" text NOT NULL PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
    "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "accessToken" text, "refreshToken" text,
    "idToken" text, "accessTokenExpiresAt" date, "refreshTokenExpiresAt" date, "scope" text, "password" text,
    "createdAt" date NOT NULL, "updatedAt" date NOT NULL);
CREATE TABLE "verification" ("id" text NOT NULL PRIMARY KEY, "identifier" text NOT NULL, "value" text NOT NULL,
    "expiresAt" date NOT NULL, "createdAt" date NOT NULL, "updatedAt" date NOT NULL);
"""
_SNAKE = """
CREATE TABLE user (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE,
    email_verified INTEGER NOT NULL DEFAULT 0, image TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    username TEXT UNIQUE, display_username TEXT, role TEXT, banned INTEGER DEFAULT 0, ban_reason TEXT,
    ban_expires INTEGER);
CREATE TABLE session (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, token TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, ip_address TEXT, user_agent TEXT,
    user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, impersonated_by TEXT);
CREATE INDEX session_userId_idx ON session (user_id);
CREATE TABLE account (id TEXT PRIMARY KEY, account_id TEXT NOT NULL, provider_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, access_token TEXT, refresh_token TEXT, id_token TEXT,
    access_token_expires_at INTEGER, refresh_token_expires_at INTEGER, scope TEXT, password TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE INDEX account_userId_idx ON account (user_id);
CREATE TABLE verification (id TEXT PRIMARY KEY, identifier TEXT NOT NULL, value TEXT NOT NULL,
    expires_at INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
"""


def write(path: Path, form: str) -> None:
    """Add the tables, with the user and a session, to a database.

    Parameters:
        path: of the file.
        form: one of `FORMS`: ``camel`` has camelCase columns and ISO times, ``snake`` milliseconds.
    """
    began, ends = _time(_BEGAN, form), _time(_ENDS, form)
    user = ("user-of-olga", "Olga", "olga@local.host", 0, None, began, began, "olga", "Olga", "admin", 0, None, None)
    account = ("account-of-olga", "user-of-olga", "credential", "user-of-olga")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_CAMEL if form == "camel" else _SNAKE)
        connection.execute(f'INSERT INTO "user" VALUES ({",".join("?" * 13)})', user)
        session = ("session-of-olga", ends, TOKEN, began, began, "", "", "user-of-olga", None)
        connection.execute(f'INSERT INTO "session" VALUES ({",".join("?" * 9)})', session)
        rest = (None, None, None, None, None, None, f"{SALT}:{KEY}", began, began)
        connection.execute(f'INSERT INTO "account" VALUES ({",".join("?" * 13)})', (*account, *rest))
        connection.commit()


def _time(seconds: int, form: str) -> Any:
    texts = {_BEGAN: "2026-01-01T00:00:00.000Z", _ENDS: "2099-01-01T00:00:00.000Z"}
    return texts[seconds] if form == "camel" else seconds if form == "seconds" else seconds * 1000


def schema(path: Path) -> dict[str, str]:
    """Return how the four tables are declared."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            " AND name IN ('user', 'session', 'account', 'verification')"
        )
        return dict(found.fetchall())


def times(path: Path, form: str) -> list[Any]:
    """Return when the users were added, as it is stored."""
    column = "createdAt" if form == "camel" else "created_at"
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute(f'SELECT "{column}" FROM "user"')]
