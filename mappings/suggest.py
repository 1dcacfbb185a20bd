"""Which record of an external system an entity most likely is, by name, code and e-mail, with a score of 0 to 100. Pure."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from mappings.entities import Entity
from mappings.models import CatalogueRecord

ACCEPT_ALL = 90
"""From this score on suggestions may be accepted together."""

_LEAST = 45
_NEAR = 3
_CLEAR = 85
_CANDIDATES = 8
_EMAIL = 97
_CODE_WEIGHT = 0.97
_SHORTEST_CODE = 3
_SAME_WORD = 80


@dataclass(frozen=True)
class Suggestion:
    """`why` names what agrees: "Name and code"; two records that are alike are never accepted together with others."""

    record: CatalogueRecord
    score: int
    why: str

    @property
    def sure(self) -> bool:
        return self.score >= ACCEPT_ALL


@dataclass(frozen=True)
class Suggester:
    """The active records of one table, prepared for comparing."""

    records: Sequence[CatalogueRecord]
    names: Sequence[str]
    codes: Sequence[str]
    by_email: dict[str, list[int]]
    by_code: dict[str, list[int]]

    @classmethod
    def of(cls, records: Iterable[CatalogueRecord]) -> "Suggester":
        active = [record for record in records if record.active]
        names, codes = [plain(record.name) for record in active], [_code(record.code) for record in active]
        by_email, by_code = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for place, record in enumerate(active):
            if record.email:
                by_email[record.email.casefold()].append(place)
            if len(codes[place]) >= _SHORTEST_CODE:
                by_code[codes[place]].append(place)
        return cls(active, names, codes, by_email, by_code)

    def suggest(self, entity: Entity) -> Suggestion | None:
        """The best record, None when nothing comes near."""
        name, code = plain(entity.name or entity.code), _code(entity.code)
        near = process.extract(name, self.names, scorer=fuzz.ratio, limit=_CANDIDATES, score_cutoff=_LEAST - 10) if name else []
        places = {place for _, _, place in near} | {*self.by_code.get(code, ()), *self.by_email.get(entity.email.casefold(), ())}
        ranked = sorted((self._judge(place, name, code, entity.email) for place in places), key=lambda each: (-each[0], each[2]))
        if not ranked or ranked[0][0] < _LEAST:
            return None
        score, why, place = ranked[0]
        if len(ranked) > 1 and score - ranked[1][0] < _NEAR and score >= ACCEPT_ALL:
            score, why = ACCEPT_ALL - 1, f"{why}, but {self.records[ranked[1][2]]} is as near"
        return Suggestion(self.records[place], score, why)

    def _judge(self, place: int, name: str, code: str, email: str) -> tuple[int, str, int]:
        """Score, why, and the place of the record."""
        found = {
            "name": _names(name, self.names[place]),
            "code": _codes(code, self.codes[place]),
            "e-mail": _EMAIL if email and email.casefold() == self.records[place].email.casefold() else 0,
        }
        best = max(found.values())
        agreeing = [what for what, score in found.items() if score >= min(best, _CLEAR)]
        score = min(100, round(best) + 2 * (len(agreeing) - 1))
        return score, " and ".join(agreeing).capitalize(), place


def plain(text: str) -> str:
    """Lower case, no accents, words in order of the alphabet: "Support plan, premium" is "plan premium support"."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(sorted(re.findall(r"\w+", bare.casefold().replace("_", " "))))


def _names(ours: str, theirs: str) -> float:
    """Half for all the words, half for those that both have; nothing unless they share one, spelled nearly alike."""
    if not any(fuzz.ratio(one, other) >= _SAME_WORD for one in ours.split() for other in theirs.split()):
        return 0
    return (fuzz.ratio(ours, theirs) + fuzz.token_set_ratio(ours, theirs)) / 2


def _codes(ours: str, theirs: str) -> float:
    """Codes are short, so what is not nearly the same says nothing."""
    alike = fuzz.ratio(ours, theirs) if min(len(ours), len(theirs)) >= _SHORTEST_CODE else 0
    return alike * _CODE_WEIGHT if alike >= _SAME_WORD else 0


def _code(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
