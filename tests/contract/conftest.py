"""Fixtures of the contract tests."""

from tests.support.fixtures import server, server_factory

__all__ = ["server", "server_factory"]
