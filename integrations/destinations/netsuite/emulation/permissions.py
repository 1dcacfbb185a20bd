"""What the integration's role may not see: the setting permissions_missing, which names record types or SuiteQL tables."""

import re

from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, by_status, invalid_request

_SOURCES = re.compile(r"\b(from|join)\s+(\w+)", re.IGNORECASE)


def missing(books: Books, name: str) -> bool:
    """Whether the role lacks a record type or table, written in any case."""
    return name.lower() in {entry.lower() for entry in books.settings.permissions_missing}


def check(books: Books, name: str) -> None:
    """Raises NetSuiteError unless records of a type may be read and written."""
    if missing(books, name):
        raise by_status(403)


def check_query(books: Books, sql: str) -> None:
    """Raises NetSuiteError for a query of a table that the role does not see; a join has a sentence of its own."""
    for word, table in _SOURCES.findall(sql):
        if missing(books, table) and word.lower() == "join":
            sentence = f"Your search contains a reference to join for which you do not have a permission: {table}"
            raise NetSuiteError(400, "INSUFFICIENT_PERMISSION", sentence)
        if missing(books, table):
            raise invalid_request(f"Invalid search query. Search error occurred: Record '{table}' was not found.")
