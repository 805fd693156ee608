"""Plugins that are broken in every way, and one that is not."""
