"""Helpers for people who work on a-parallel; not installed."""
