"""The real Claude CLI for tests: where it is, and the environment that keeps it on loopback (``claude-cli.md`` §19)."""

import importlib.util
import os
from pathlib import Path

import pytest

REQUIRED = "A_PARALLEL_REQUIRE_REAL_CLI"
"""Environment variable with which a missing CLI is a failure, as in continuous integration."""


def find_real_cli() -> Path | None:
    """Return the binary inside the wheel of ``claude-agent-sdk``, or None."""
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "_bundled" / "claude"
    return binary if os.access(binary, os.X_OK) else None


def require_real_cli() -> Path:
    """Return the binary; without it skip the test, or fail it where the tests are required."""
    binary = find_real_cli()
    if binary is None:
        reason = "the Claude CLI of the claude-agent-sdk wheel is not installed"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    return binary


def environment(binary: Path, api_url: str, scratch: Path) -> dict[str, str]:
    """Return variables with which the CLI talks to the stand-in of the Messages API alone."""
    scratch.mkdir(exist_ok=True)
    return {
        "CLAUDE_BINARY_PATH": str(binary),
        "ANTHROPIC_BASE_URL": api_url,
        "ANTHROPIC_API_KEY": "sk-ant-stand-in",
        "CLAUDE_CODE_TMPDIR": str(scratch),
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
