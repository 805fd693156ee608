"""Codes with which sockets are closed (``websocket.md`` §1.3)."""

LOG_OUT = 4001
"""Who was signed in is not any more; the client goes to the page for signing in."""
