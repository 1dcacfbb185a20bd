"""Our external ids at NetSuite."""

import re

_ESCAPED = re.compile(r"[^A-Za-z0-9_-]|_(?=x[0-9A-F]{4})")


def document_key(source_id: str, source: str = "") -> str:
    """The external id: the Bill's or Account's own, after the source's slug unless that is its platform's default.

    NetSuite takes letters, digits, _ and -; anything else is written _xHHHH_ by its code point, and a _ that would read so is, too.
    """
    text = f"{source}:{source_id}" if source else source_id
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
