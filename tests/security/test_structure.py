"""What can be seen in the source alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"token|secret|password|signature|hmac|digest|cookie", re.IGNORECASE)

PLAIN = {
    "kernel/a_parallel_kernel/testkit.py: token == LOCAL_TOKEN": "a stand-in whose token everybody knows",
    "kernel/a_parallel_kernel/archives.py: _digest(staged / name) != digest": "a checksum, no secret",
    "plugins/a_parallel_plugins/auth/cookies.py: self.read(cookies, FORGET) != 'true'": "what is compared is signed",
    "plugins/a_parallel_plugins/git/restore.py: "
    "algorithm(b'blob %d\\x00' % len(content) + content).hexdigest() == oid": "the name of a git object",
    "plugins/a_parallel_plugins/profile/service.py: self._token(row) == token": "a user's own with a user's own",
    "plugins/a_parallel_plugins/profile/service.py: "
    "self._secrets.decrypt(row['github_token']) == token": "one that GitHub has refused",
    "plugins/a_parallel_plugins/mcp/refresh.py: "
    "entry.authorization == f'Bearer {grant.tokens.access}'": "two files of the same user",
    "plugins/a_parallel_plugins/mcp/refresh.py: current.tokens.access == grant.tokens.access": "two reads of one row",
}
"""Comparisons whose duration tells nobody anything, and why."""


def comparisons() -> Iterator[str]:
    for root in ("contracts", "kernel", "plugins"):
        for file in sorted((ROOT / root).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if _compares(node) and any(SECRET.search(name) for name in _names(node)):
                    yield f"{file.relative_to(ROOT)}: {ast.unparse(node)}"


def _compares(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops)


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def test_secrets_are_compared_in_constant_time() -> None:
    """``==`` stops at the first byte that differs; `hmac.compare_digest` does not."""
    assert set(comparisons()) <= set(PLAIN)
