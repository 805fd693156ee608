"""Fixtures for tests on real server processes."""

from tests.support.fixtures import server, server_factory

__all__ = ["server", "server_factory"]
