"""Frames of ``/ws`` as they go over the wire, built once however many sockets get them."""

import struct

import orjson

from a_parallel_contracts.events import Event
from a_parallel_kernel.encoding import encode, encode_fields

_FINAL_TEXT = 0x81


def text_frame(payload: bytes) -> bytes:
    """Return one unmasked, uncompressed WebSocket text frame (RFC 6455 §5.2).

    It goes straight to a socket's transport. aiohttp would build the same bytes anew for each socket.
    """
    size = len(payload)
    if size < 126:
        header = struct.pack("!BB", _FINAL_TEXT, size)
    elif size < 65536:
        header = struct.pack("!BBH", _FINAL_TEXT, 126, size)
    else:
        header = struct.pack("!BBQ", _FINAL_TEXT, 127, size)
    return header + payload


def envelope(name: str, subject: str, data: bytes) -> bytes:
    """Return ``{"type": name, "threadId": subject, "data": …}`` around encoded `data` (``websocket.md`` §2)."""
    return b'{"type":%b,"threadId":%b,"data":%b}' % (orjson.dumps(name), _text(subject), data)


def event_data(event: Event, leave_out: frozenset[str]) -> bytes:
    """Return an event's ``data``: without the fields `leave_out` and those that are None."""
    return encode_fields(event, leave_out)


def event_frame(name: str, subject: str, data: bytes) -> bytes:
    """Return the frame of an event."""
    return text_frame(envelope(name, subject, data))


def numbered_frame(name: str, subject: str, data: bytes, seq: int) -> bytes:
    """Return the frame of an event with its number in the log, for sockets that asked for it."""
    return text_frame(envelope(name, subject, data)[:-1] + b',"seq":%d}' % seq)


def _text(value: str) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # a lone surrogate
        return encode(value)
