"""What the server writes about itself: without secrets, for people and for machines."""

import json
import logging
import sys

import pytest

from a_parallel_kernel.logs import JsonFormatter, TextFormatter

GITHUB = "ghp_" + "a1" * 12


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer s3cr3t sent", "sent"),
        ("{'authorization': 'Basic s3cr3t', 'accept': 'text'}", "'accept': 'text'"),
        ("Cookie: session=s3cr3t; theme=dark", "theme=dark"),
        ("GET /ws?token=s3cr3t&since=4", "&since=4"),
        ('{"github_token_password": "s3cr3t", "name": "x"}', '"name": "x"'),
        ("A_PARALLEL_ADMIN_PASSWORD=s3cr3t PORT=1", "PORT=1"),
        ("refresh_token=s3cr3t, scope=repo", "scope=repo"),
        (f"git said {GITHUB} twice", "twice"),
        ("the key sk-ant-s3cr3t-s3cr3t-0 failed", "failed"),
    ],
)
@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_secrets_are_left_out_and_the_rest_stays(formatter: logging.Formatter, text: str, kept: str) -> None:
    line = formatter.format(record(text))
    told = json.loads(line)["message"] if isinstance(formatter, JsonFormatter) else line
    assert "s3cr3t" not in told
    assert GITHUB not in told
    assert "[redacted]" in told
    assert kept in told


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_secrets_in_tracebacks_are_left_out_too(formatter: logging.Formatter) -> None:
    try:
        raise ValueError("password=s3cr3t")
    except ValueError:
        told = formatter.format(record("it failed", sys.exc_info()))
    assert "ValueError" in told
    assert "s3cr3t" not in told


def test_a_line_for_machines_is_one_object() -> None:
    line = JsonFormatter().format(record("two\nlines"))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "a_parallel.test", "two\nlines")
    assert entry["time"].endswith("+00:00")


def record(message: str, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("a_parallel.test", logging.WARNING, __file__, 1, message, None, exc_info)  # type: ignore[arg-type]
