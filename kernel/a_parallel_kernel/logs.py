"""Structured logs with secrets redacted."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Literal

SECRETS = re.compile(
    r"(?i)(?P<key>\b(?:authorization|cookie|set-cookie|x-api-key)\b['\"]?\s*[:=]\s*['\"]?(?:bearer\s+|basic\s+)?"
    r"|[?&](?:token|access_token|code|state|client_secret)="
    r"|\bbearer\s+"
    r"|\b(?:[a-z0-9_]*(?:password|secret|api_key|auth_token|access_token|refresh_token))['\"]?\s*[:=]\s*['\"]?)"
    r"(?P<value>[^\s'\"&;,)}]+)"
)
TOKENS = re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|sk-ant-[A-Za-z0-9_-]{10,})")


def redact(text: str) -> str:
    """Return `text` with the values of tokens, passwords and cookies replaced."""
    return TOKENS.sub("[redacted]", SECRETS.sub(lambda match: f"{match['key']}[redacted]", text))


class TextFormatter(logging.Formatter):
    """One line for people: time, level, logger, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted line."""
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted object as text."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str, form: Literal["text", "json"]) -> QueueListener:
    """Send all logs to standard error from a thread of their own, and return its listener.

    Writing to a slow terminal or pipe must not hold up the event loop.
    """
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    root = logging.getLogger()
    root.handlers[:] = [_Queued(queue)]
    root.setLevel(level.upper())
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    listener = QueueListener(queue, stream)
    listener.start()
    return listener


class _Queued(QueueHandler):
    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # The formatter at the other end needs exc_info; the standard handler would flatten it here.
        record.message = record.getMessage()
        record.msg, record.args = record.message, None
        return record
