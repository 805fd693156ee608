"""Tests that drive the real Claude CLI against a stand-in of the Messages API on loopback."""
