"""``Idempotency-Key``: a request that is sent again is not carried out again.

The header is that of draft-ietf-httpapi-idempotency-key-header. A key is claimed durably before the handler runs. The
first thing that the handler writes marks the claim in the same transaction, and the answer is stored before it is
sent. So after a crash a repeated request is answered, or refused with what is known; it is never carried out a second
time. One that has written nothing is carried out after all, if its route says that this is safe.

Between the commit of what a handler writes and that of the answer lie some milliseconds in which the answer can still
be lost: it is made of what was committed, by code that runs after the commit. Whoever asks again is told ``done`` then.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from a_parallel_contracts.database import Database, Row, Transaction
from a_parallel_contracts.errors import ApiError, BadRequest, Conflict, InternalError, UnprocessableContent
from a_parallel_kernel.answers import ClientGone, error_answer
from a_parallel_kernel.claims import CLAIM, Claim

log = logging.getLogger("a_parallel.http")

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

KEPT = 24 * 3600.0
"""Seconds for which a key is remembered."""

LARGEST = 256 * 1024
"""Bytes of an answer that are kept."""

BATCH = 500
"""Keys that one transaction forgets."""

_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"')
_BARE = re.compile(r"[\x21\x23-\x2b\x2d-\x7e]+")
_LONGEST = 255
_HASH_IN_LOOP = 1024 * 1024


class Identity(NamedTuple):
    """What makes two requests the same one."""

    actor: str
    method: str
    path: str
    key: str


def key_of(value: str) -> str:
    """Return the key in a header: a quoted string (RFC 8941 §3.3.3), or the bare text that most clients send.

    Raises:
        BadRequest: it is neither, or longer than 255 characters.
    """
    quoted = _QUOTED.fullmatch(value.strip())
    bare = _BARE.fullmatch(value.strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else bare[0] if bare else ""
    if not 0 < len(key) <= _LONGEST:
        raise BadRequest(
            "The header Idempotency-Key must hold one key of at most 255 ASCII characters, such as a UUID, "
            "in quotes or without spaces and commas"
        )
    return key


async def fingerprint(query: str, raw: bytes) -> bytes:
    """Return what tells two bodies apart."""
    hashed = hashlib.sha256(query.encode() + b"\0")
    if len(raw) > _HASH_IN_LOOP:
        await asyncio.to_thread(hashed.update, raw)
    else:
        hashed.update(raw)
    return hashed.digest()


class Idempotency:
    """Remembers keys and the answers that were given under them.

    Parameters:
        db: where they are kept.
        clock: seconds since the epoch; for tests.
    """

    def __init__(self, db: Database, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._clock = clock
        self._running: dict[Identity, bytes] = {}
        self._released: set[int] = set()

    async def once(
        self,
        identity: Identity,
        body: bytes,
        handle: Callable[[], Awaitable[web.StreamResponse]],
        *,
        confidential: bool = False,
        repeatable: bool = False,
        reform: Callable[[ApiError], ApiError] | None = None,
    ) -> web.StreamResponse:
        """Return the answer of `handle`, or the one that was given before under the same key.

        Parameters:
            identity: who asks for what, under which key.
            body: fingerprint of what was sent.
            handle: carries the request out; what it raises is raised.
            confidential: the answer must not be kept.
            repeatable: carry it out again if a server ended amid it and nothing was written.
            reform: gives errors the form that they are sent in.

        Raises:
            UnprocessableContent: the key was used with another body.
            Conflict: the first request is still being carried out, or nobody knows its answer.
        """
        if identity in self._running:
            _check(self._running[identity], body)
            raise Conflict(
                "A request with this Idempotency-Key is being carried out; repeat it in a moment for its answer",
                extra={"outcome": "pending"},
                headers={"Retry-After": "1"},
            )
        self._running[identity] = body
        try:
            found = await self._db.write(partial(self._claim, identity, body, repeatable))
            if isinstance(found, Claim):
                return await self._first(found, handle, confidential, reform)
            _check(found["fingerprint"], body)
            return _again(found)
        finally:
            del self._running[identity]

    async def _first(
        self,
        claim: Claim,
        handle: Callable[[], Awaitable[web.StreamResponse]],
        confidential: bool,
        reform: Callable[[ApiError], ApiError] | None,
    ) -> web.StreamResponse:
        token = CLAIM.set(claim)
        try:
            response = await handle()
        except ClientGone:
            raise
        except Exception as error:
            claim.open = False
            refused = error if isinstance(error, ApiError) else InternalError("Internal server error")
            if refused.status == InternalError.status or claim.effective:
                await self._keep(claim, error_answer(reform(refused) if reform else refused), confidential)
            else:
                self._released.add(claim.id)
                if await self._note(claim, "DELETE FROM kernel_requests WHERE id = ?", (claim.id,)):
                    self._released.discard(claim.id)
            raise
        finally:
            claim.open = False
            CLAIM.reset(token)
        await self._keep(claim, response, confidential)
        return response

    async def _keep(self, claim: Claim, response: web.StreamResponse, confidential: bool) -> None:
        headers, body = None, None
        if not confidential and isinstance(response, web.Response) and _is_small(response):
            headers, body = (
                orjson.dumps({str(name): value for name, value in response.headers.items()}).decode(),
                response.body,
            )
        update = "UPDATE kernel_requests SET status = ?, headers = ?, body = ? WHERE id = ?"
        await self._note(claim, update, (response.status, headers, body, claim.id))

    async def _note(self, claim: Claim, sql: str, params: tuple[Any, ...]) -> bool:
        """Write what became of a claim; if that fails a repeated request is refused, which is safe."""
        try:
            await self._db.write(lambda tx: tx.execute(sql, params))
        except ApiError as error:
            log.warning("what became of a request under an Idempotency-Key could not be kept: %s", error.message)
            return False
        return True

    def _claim(self, identity: Identity, body: bytes, repeatable: bool, tx: Transaction) -> Claim | Row:
        """Claim a key, or return what is known of its use."""
        find = "SELECT * FROM kernel_requests WHERE actor = ? AND method = ? AND path = ? AND key = ?"
        found = tx.one(find, identity)
        known = found is not None and found["id"] not in self._released
        if found is not None and known and not (repeatable and _is_void(found) and found["fingerprint"] == body):
            return found
        tx.execute(
            "REPLACE INTO kernel_requests (actor, method, path, key, fingerprint, at) VALUES (?, ?, ?, ?, ?, ?)",
            (*identity, body, int(self._clock() * 1000)),
        )
        return Claim(int(tx.value("SELECT last_insert_rowid()")))

    async def prune(self) -> bool:
        """Forget one batch of old keys; tells whether there may be more."""
        before = int((self._clock() - KEPT) * 1000)
        found = "SELECT id FROM kernel_requests WHERE at < :before ORDER BY id LIMIT :batch"
        old = [(row["id"],) for row in await self._db.rows(found, before=before, batch=BATCH)]
        if old:
            await self._db.write(lambda tx: tx.executemany("DELETE FROM kernel_requests WHERE id = ?", old))
        return len(old) == BATCH


def _is_small(response: web.Response) -> bool:
    """Tell whether an answer can be kept; cookies are secrets."""
    kept = isinstance(response.body, bytes) and len(response.body) <= LARGEST
    return kept and "Set-Cookie" not in response.headers


def _is_void(found: Row) -> bool:
    """Tell whether a server ended amid the request before anything was written."""
    return found["status"] is None and not found["effective"]


def _check(known: bytes, body: bytes) -> None:
    if known != body:
        raise UnprocessableContent(
            "This Idempotency-Key was used for a request with another body; use a new key for a new request"
        )


def _again(found: Row) -> web.Response:
    if found["body"] is not None:
        headers = {**orjson.loads(found["headers"]), REPLAYED: "true"}
        return web.Response(status=found["status"], body=found["body"], headers=headers)
    if found["status"] is not None:
        raise Conflict(
            f"This request was carried out and answered {found['status']}, but its answer is not kept; "
            "see what it did, and use a new key to do it again",
            extra={"outcome": "done"},
        )
    outcome = "done" if found["effective"] else "unknown"
    known = "It had begun to take effect" if found["effective"] else "Whether it took effect is not known"
    raise Conflict(
        f"The server ended before it could answer this request. {known}; see what there is, and use a new key to "
        "send it again",
        extra={"outcome": outcome},
    )
