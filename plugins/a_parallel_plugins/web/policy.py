"""The page of our own client, under a strict content security policy (CSP level 3)."""

import secrets
from pathlib import Path

from a_parallel_contracts import FileResponse, Response

PLACEHOLDER = b"__CSP_NONCE__"
"""Stands in a built page for a nonce that is fresh in each answer; a page without it gets no policy from us."""

ASSETS = "assets"
"""Directory whose files carry a hash of their content in their names, so they never change."""

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}

AVATARS = "https://avatars.githubusercontent.com"


def policy(nonce: str) -> str:
    """Return the policy.

    There is no inline script and no inline style attribute. Style elements need the nonce, since Radix and xterm.js
    make some at run time. Images come from the server itself, from pasted data and from GitHub's avatars: an image
    anywhere else could carry what an agent has read out of a repository to whoever wrote the text.
    """
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}';"
        f" img-src 'self' data: blob: {AVATARS}; font-src 'self'; connect-src 'self'; worker-src 'self';"
        " manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )


def is_own(index: Path) -> bool:
    """Tell whether a page is of a client that expects the policy."""
    return PLACEHOLDER in index.read_bytes()


def page(index: Path) -> FileResponse | Response:
    """Return the page of a client; ours with a fresh nonce and the policy, any other as it is."""
    text = index.read_bytes()
    if PLACEHOLDER not in text:
        return FileResponse(index)
    nonce = secrets.token_urlsafe(16)
    headers = {"Content-Security-Policy": policy(nonce), "Cache-Control": "no-store"}
    return Response(text.replace(PLACEHOLDER, nonce.encode()), 200, "text/html; charset=utf-8", headers)
