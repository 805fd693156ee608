"""Servers that are worth a try (``http-features.md`` §1.5)."""

from a_parallel_plugins.mcp.models import Recommended


def _remote(name: str, description: str, url: str) -> Recommended:
    return Recommended(name=name, description=description, type="http", url=url)


def _package(name: str, description: str, package: str) -> Recommended:
    return Recommended(name=name, description=description, type="stdio", command="npx", args=("-y", package))


RECOMMENDED = (
    _remote("github", "Issues, pull requests and code on GitHub", "https://api.githubcopilot.com/mcp/"),
    _package("filesystem", "Reads and writes files in chosen folders", "@modelcontextprotocol/server-filesystem"),
    _package("fetch", "Fetches web pages as text", "@modelcontextprotocol/server-fetch"),
    _package("memory", "Remembers facts in a knowledge graph", "@modelcontextprotocol/server-memory"),
    _package("postgres", "Reads PostgreSQL databases", "@modelcontextprotocol/server-postgres"),
    _package(
        "sequential-thinking",
        "Thinks problems through step by step",
        "@modelcontextprotocol/server-sequential-thinking",
    ),
    _package("playwright", "Drives a web browser", "@playwright/mcp@latest"),
    _remote("sentry", "Errors and traces from Sentry", "https://mcp.sentry.dev/sse"),
    _package("slack", "Channels and messages in Slack", "@anthropic/mcp-server-slack"),
    _package("brave-search", "Searches the web with Brave", "@anthropic/mcp-server-brave-search"),
)
"""In the order of the contract."""
