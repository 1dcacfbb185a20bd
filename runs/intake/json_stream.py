"""JSON read value by value from a stream of any length, numbers as Decimal, with what JSON forbids noticed instead of swallowed."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, TextIO

_BLOCK = 1 << 16
_LONGEST = 100_000_000
_MARGIN = 16
_SHORT_INT = 18
_SPACE = re.compile(r"[ \t\r\n]*")
_UNDECODED = re.compile("[\udc80-\udcff]")
_COMPLETE = '}]"'
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}"]', re.DOTALL)
_DEPTH = {"[": 1, "{": 1, "]": -1, "}": -1}
TOO_DEEP = "It is nested too deeply."
NOT_UTF8 = "The text is not UTF-8."


class Broken(ValueError):
    """The text is not JSON: why as a sentence, and where."""

    def __init__(self, why: str, line: int, column: int) -> None:
        super().__init__(why)
        self.why, self.line, self.column = why, line, column


class Decoder:
    """One JSON value at a time. `faults` has a sentence for each thing in the last value that no record may have."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._json = json.JSONDecoder(
            parse_float=_decimal, parse_int=_whole, parse_constant=self._constant, object_pairs_hook=self._unique, strict=True
        )

    def decode(self, text: str, at: int = 0) -> tuple[Any, int]:
        """The value that starts at `at`, and where it ends. json.JSONDecodeError; RecursionError when it is nested too deeply."""
        self.faults.clear()
        value, end = self._json.raw_decode(text, at)
        if undecoded(text[at:end]):
            self.faults.append(NOT_UTF8)
        return value, end

    def _constant(self, text: str) -> Decimal:
        self.faults.append(f"{text} is not a number that JSON has.")
        return Decimal(text)

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in value if names.count(name) > 1)
            self.faults.append(f"“{twice}” stands twice in one object, so it is not clear which holds.")
        return value


def parse(text: str) -> Any:
    """The one value that a text is. ValueError with a sentence for what is not JSON or has a fault."""
    decoder = Decoder()
    try:
        value, end = decoder.decode(text, _skip(text, 0))
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if _skip(text, end) != len(text):
        raise ValueError(f"Something follows the end of the JSON at column {end + 1}.")
    for fault in decoder.faults:
        raise ValueError(fault)
    return value


class Tokens:
    """A stream of JSON, of which never more is held than one value and a block."""

    def __init__(self, stream: TextIO, decoder: Decoder | None = None) -> None:
        self.decoder = decoder or Decoder()
        self._stream = stream
        self._text = ""
        self._at = 0
        self._ended = False
        self._line, self._column = 1, 1

    def peek(self) -> str:
        """The next character that is not a blank, "" at the end."""
        while True:
            self._at = _skip(self._text, self._at)
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def take(self, wanted: str) -> str:
        """The next character, which has to be one of the wanted ones."""
        char = self.peek()
        if not char or char not in wanted:
            raise self.broken(f"{' or '.join(wanted)} is expected here")
        self._at += 1
        return char

    def value(self) -> tuple[Any, str]:
        """The next value and its own text; None and "" with a fault when it is nested too deeply. Broken where it is not JSON, not
        complete or too long."""
        self.peek()
        while True:
            try:
                value, end = self.decoder.decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._may_be_cut(error):
                    raise Broken(error.msg, *self._place(error.pos)) from None
            except RecursionError:
                return self._passed_over()
            else:
                if end < len(self._text) or self._ended or self._text[end - 1] in _COMPLETE:
                    start, self._at = self._at, end
                    return value, self._text[start:end]
            self._read_on()

    def elements(self) -> Iterator[tuple[Any, str]]:
        """The values of the array that comes next, with their texts."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        following = ","
        while following == ",":
            yield self.value()
            following = self.take(",]")

    def names(self) -> Iterator[str]:
        """The names of the object that comes next; whoever asks for the next name has taken the value of the last."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        following = ","
        while following == ",":
            if self.peek() != '"':
                raise self.broken("a name in quotes is expected here")
            name, _ = self.value()
            self.take(":")
            yield str(name)
            following = self.take(",}")

    def _passed_over(self) -> tuple[None, str]:
        """Leaves a value out bracket by bracket, so that what follows it is read."""
        depth = 0
        while True:
            for found in _BRACKET.finditer(self._text, self._at):
                if found[0] == '"':
                    break
                self._at = found.end()
                depth += _DEPTH.get(found[0], 0)
                if not depth:
                    self.decoder.faults[:] = [TOO_DEEP]
                    return None, ""
            if self._ended:
                raise self.broken("it is nested too deeply, and not complete")
            self._read_on()

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether more text could mend the error: it stands at the end of what was read, or is a string without an end."""
        return not self._ended and (error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _MARGIN)

    def _read_on(self) -> None:
        """Reads as much again as is held, so that a long value is decoded a few times only."""
        held = len(self._text) - self._at
        if held > _LONGEST:
            raise self.broken(f"one value has more than {_LONGEST:,} characters")
        self._line, self._column = self._place(self._at)
        more = self._stream.read(max(_BLOCK, held))
        self._text = self._text[self._at :] + more
        self._at = 0
        self._ended = not more

    def _place(self, at: int) -> tuple[int, int]:
        lines = self._text.count("\n", 0, at)
        column = at - self._text.rfind("\n", 0, at) if lines else self._column + at
        return self._line + lines, column

    def broken(self, why: str) -> Broken:
        return Broken(why, *self._place(self._at))


def undecoded(text: str) -> bool:
    """Whether the text has bytes that were not UTF-8, as `surrogateescape` keeps them."""
    return not text.isascii() and _UNDECODED.search(text) is not None


def _skip(text: str, at: int) -> int:
    blank = _SPACE.match(text, at)
    return blank.end() if blank else at


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= _SHORT_INT else _decimal(text)
