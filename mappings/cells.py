"""Cells of files that people open in a spreadsheet: no text of somebody else's becomes a formula there."""

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK = "'"


def plain(value: object) -> str:
    """The value as text; one that a spreadsheet would calculate gets a leading apostrophe. Numbers stay numbers."""
    text = "" if value is None else str(value)
    return _MARK + text if text.startswith((*STARTS, _MARK)) and not _is_number(text) else text


def meant(text: str) -> str:
    """What `plain` was given."""
    return text[1:] if text.startswith(_MARK) and text[1:].startswith((*STARTS, _MARK)) else text


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()
