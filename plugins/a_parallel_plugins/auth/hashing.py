"""Password hashes as Better Auth 1.4 makes them (``http-features.md`` §9.4)."""

import asyncio
import hashlib
import hmac
import secrets
import unicodedata

COST, _BLOCK, _PARALLEL, _LENGTH = 16384, 16, 1, 64
_MEMORY = 64 * 1024 * 1024
"""Bytes that scrypt may use; these parameters need 32 MiB."""

_AT_ONCE = 2
"""Hashes computed side by side: more would let strangers fill the memory."""

_NOBODY = f"{'0' * 32}:{'0' * 128}"


def hash_password(password: str, salt: str | None = None) -> str:
    """Return ``<salt>:<key>``; the salt's text, not its bytes, goes into the hash."""
    salt = salt or secrets.token_hex(16)
    key = hashlib.scrypt(
        unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass"),
        salt=salt.encode("utf-8", "surrogatepass"),
        n=COST,
        r=_BLOCK,
        p=_PARALLEL,
        maxmem=_MEMORY,
        dklen=_LENGTH,
    )
    return f"{salt}:{key.hex()}"


def _matches(password: str, stored: str) -> bool:
    salt, _, _ = stored.partition(":")
    computed = hash_password(password, salt or "0")
    return hmac.compare_digest(
        computed.encode("utf-8", "surrogatepass"), stored.lower().encode("utf-8", "surrogatepass")
    )


class Hasher:
    """Computes hashes beside the event loop, a few at a time."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """Return the hash of a new password."""
        async with self._places:
            return await asyncio.to_thread(hash_password, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Tell whether `password` is the one of a hash; without a hash it takes as long and is False."""
        async with self._places:
            same = await asyncio.to_thread(_matches, password, stored or _NOBODY)
        return same and stored is not None
