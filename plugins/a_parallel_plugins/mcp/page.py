"""The page in the pop-up after signing in: tells the page that opened it, and closes (``http-features.md`` §1.6)."""

import html
import json
import secrets

from a_parallel_contracts import Response

CALLBACK = "/api/mcp/oauth/callback"
"""Where it is."""

_CLOSE_AFTER = {True: 1500, False: 5000}
"""Milliseconds."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width">
<style nonce="{nonce}">
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; text-align: center; }}
body {{ margin: 22vh auto; max-width: 26rem; padding: 0 1.5rem; }}
h1 {{ font-size: 1.25rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
<script nonce="{nonce}">
if (window.opener) window.opener.postMessage({message}, {origin});
setTimeout(() => window.close(), {delay});
</script>
</body>
</html>
"""


def callback_page(error: str | None, origin: str | None) -> Response:
    """Return the page; always with status 200.

    Parameters:
        error: why it failed, shown to the user; None for success.
        origin: of the page that waits; without it any page that has opened this one gets the message.
    """
    success = error is None
    nonce = secrets.token_urlsafe(16)
    message = {"type": "mcp-oauth-callback", "success": success, "error": error}
    page = _PAGE.format(
        title="Signed in" if success else "Signing in failed",
        text=html.escape(error or "This window closes by itself."),
        nonce=nonce,
        message=_script(message),
        origin=_script(origin or "*"),
        delay=_CLOSE_AFTER[success],
    )
    policy = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
    headers = {
        "Cross-Origin-Opener-Policy": "unsafe-none",  # same-origin would cut window.opener (§1.7)
        "Content-Security-Policy": f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return Response(page.encode("utf-8", "replace"), 200, "text/html; charset=utf-8", headers)


def _script(value: object) -> str:
    """Return a value as a JavaScript literal that cannot end the script it stands in; all of it is ASCII."""
    text = json.dumps(value)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
