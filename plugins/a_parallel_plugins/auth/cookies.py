"""Signed cookies as Better Auth 1.4 makes them (``http-features.md`` §9.5)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, unquote

SESSION = "better-auth.session_token"
CACHE = "better-auth.session_data"
FORGET = "better-auth.dont_remember"
SECURE = "__Secure-"

WEEK = 7 * 24 * 60 * 60
_UNESCAPED = "-_.!~*'()"
"""What JavaScript's encodeURIComponent leaves, besides letters and digits."""


class Cookies:
    """Signs, reads and expires the cookies.

    Parameters:
        secret: text of the file ``auth-secret``; the text itself is the key.
    """

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def sign(self, value: str) -> str:
        """Return what stands in the cookie for `value`."""
        return quote(f"{value}.{self._signature(value)}", safe=_UNESCAPED)

    def _signature(self, value: str) -> str:
        return base64.b64encode(hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)).decode()

    def read(self, cookies: Mapping[str, str], name: str = SESSION) -> str | None:
        """Return the value of a cookie whose signature is right, under its plain name or the one of https."""
        for text in (cookies.get(SECURE + name), cookies.get(name)):
            value, dot, signature = unquote(text or "").rpartition(".")
            if dot and hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), self._signature(value).encode()):
                return value
        return None

    def started(self, token: str, *, remember: bool, secure: bool) -> tuple[str, ...]:
        """Return the ``Set-Cookie`` values of a session that begins or goes on."""
        if remember:
            return (
                _set(SESSION, self.sign(token), secure, WEEK),
                _set(FORGET, "", secure, 0),
                _set(CACHE, "", secure, 0),
            )
        return (
            _set(SESSION, self.sign(token), secure, None),
            _set(FORGET, self.sign("true"), secure, None),
            _set(CACHE, "", secure, 0),
        )

    def remembers(self, cookies: Mapping[str, str]) -> bool:
        """Tell whether the session outlives the browser's."""
        return self.read(cookies, FORGET) != "true"

    @staticmethod
    def ended(*, secure: bool) -> tuple[str, ...]:
        """Return the ``Set-Cookie`` values that expire everything."""
        return tuple(_set(name, "", secure, 0) for name in (SESSION, CACHE, FORGET))


def _set(name: str, value: str, secure: bool, age: int | None) -> str:
    """Return one ``Set-Cookie`` value; the prefix belongs to https alone, since browsers refuse it elsewhere."""
    prefix, last = (SECURE, "; Secure") if secure else ("", "")
    life = "" if age is None else f"; Max-Age={age}"
    return f"{prefix}{name}={value}{life}; Path=/; HttpOnly; SameSite=Lax{last}"
