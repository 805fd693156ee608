"""Images as they are stored: one JSON text for each message (``database.md`` §4)."""

import logging

from pydantic import TypeAdapter, ValidationError

from a_parallel_contracts.threads import ImageAttachment

log = logging.getLogger(__name__)
_attachments = TypeAdapter(list[ImageAttachment])


def stored_images(message_id: str, stored: str | bytes | None) -> list[ImageAttachment] | None:
    """Return a message's images, or None when there are none.

    What is stored but cannot be read counts as absent and is logged, so that one bad value does not make
    the whole thread unreadable (``database.md`` §6).
    """
    if not stored:
        return None
    try:
        return _attachments.validate_json(stored) or None
    except ValidationError as error:
        log.warning("images of message %s are malformed and left out: %d problems", message_id, error.error_count())
        return None
