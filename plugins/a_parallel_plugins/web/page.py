"""The page that is shown where no client is: what runs here, and how to go on."""

import base64
import hashlib
import html
import re
from pathlib import Path
from string import Template

from a_parallel_contracts import PluginContext, Response, ServerInfo

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound
_NO_INDEX = '<p class="notice">The configured directory of the client holds no <code>index.html</code>.</p>'


class Page:
    """Builds the page. It is public, so it tells nothing about this machine but the server's address.

    Parameters:
        ctx: whose server it describes.
    """

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
        self._policy = content_security_policy(self._template.template)

    def answer(self, *, status: int, configured: bool) -> Response:
        """Return the page.

        Parameters:
            status: of the answer.
            configured: a directory is set, but there is no client in it.
        """
        url = address(self._ctx.server)
        text = self._template.substitute(
            version=html.escape(self._ctx.server.version),
            address=html.escape(url or "a Unix socket"),
            url=html.escape(url or "http://localhost"),
            notice=_NO_INDEX if configured else "",
        )
        headers = {"Content-Security-Policy": self._policy, "Cache-Control": "no-store"}
        return Response(text.encode(), status, "text/html; charset=utf-8", headers)


def address(server: ServerInfo) -> str | None:
    """Return the URL under which this machine reaches the server, or None on a Unix socket."""
    if not server.port:
        return None
    host = _ANY_ADDRESS.get(server.host, server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}"


def content_security_policy(page: str) -> str:
    """Return a policy that allows the page's own style, by its hash, and nothing else (CSP level 3, §8.3)."""
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; style-src {allowed}; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
