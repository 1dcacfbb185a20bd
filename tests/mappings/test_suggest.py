import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.entities import Entity
from mappings.models import CatalogueRecord
from mappings.suggest import Suggester, Suggestion

RECORDS = [
    ("1", "GPU Compute", "", ""), ("2", "Vector Search 2", "VS-W", ""), ("3", "Support, Premium", "SUP-PREM", ""),
    ("4", "API Usage", "", ""), ("5", "Storage Usage", "", ""), ("6", "Seats", "", ""), ("7", "Étoile Média SA", "", "ap@etoile.example"),
]  # fmt: skip


def record(uid: str, name: str, code: str = "", email: str = "", active: bool = True) -> CatalogueRecord:
    return CatalogueRecord(external_id=uid, name=name, code=code, email=email, active=active)


def suggested(name: str, code: str = "", email: str = "", *more: CatalogueRecord) -> Suggestion | None:
    return Suggester.of([*(record(*each) for each in RECORDS), *more]).suggest(Entity("Product", "p", code, name, email))


def told(*asked: str) -> tuple[str, bool, str] | None:
    found = suggested(*asked)
    return (found.record.external_id, found.sure, found.why) if found else None


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (("Seats",), ("6", True, "Name")),
        (("seats ",), ("6", True, "Name")),
        (("Support plan, premium", "SUP-PREM"), ("3", True, "Name and code")),
        (("Support plan, premium", "sup_prem"), ("3", True, "Name and code")),
        (("Vector search writes", "VS-W"), ("2", True, "Code")),
        (("Etoile Media",), ("7", True, "Name")),
        (("Etoile Media", "", "AP@etoile.example"), ("7", True, "Name and e-mail")),
        (("Somebody else", "", "ap@etoile.example"), ("7", True, "E-mail")),
        (("API requests", "API-REQ"), ("4", False, "Name")),
        (("Storage",), ("5", False, "Name")),
        (("Priority queue", "PRQ"), None),
        (("Snapshots", "SNAP"), None),
        (("Egress", "SESS"), None),
        (("", ""), None),
    ],
)
def test_what_is_suggested_and_why(asked: tuple[str, ...], answer: tuple[str, bool, str] | None) -> None:
    assert told(*asked) == answer


def test_two_that_are_alike_are_never_sure() -> None:
    found = suggested("Seats", "", "", record("9", "Seats"))
    assert found and found.score == 89 and not found.sure and "is as near" in found.why


def test_inactive_records_are_never_suggested() -> None:
    assert suggested("Old thing", "OLD", "", record("9", "Old thing", "OLD", active=False)) is None


@given(st.text(max_size=30), st.text(max_size=10), st.lists(st.tuples(st.text(max_size=30), st.text(max_size=10)), max_size=8))
def test_scores_are_scores_and_the_same_again(name: str, code: str, drawn: list[tuple[str, str]]) -> None:
    suggester = Suggester.of([record(str(number), *each) for number, each in enumerate(drawn)])
    entity = Entity("Product", "p", code, name)
    found = suggester.suggest(entity)
    assert found == suggester.suggest(entity)
    if found:
        assert 45 <= found.score <= 100 and found.why


WORDS = st.text("abcdefgh ", min_size=3, max_size=20).map(str.strip).filter(lambda text: len(text) > 2)


@given(st.lists(WORDS, min_size=1, unique=True))
def test_the_very_same_name_is_always_found(names: list[str]) -> None:
    suggester = Suggester.of([record(str(number), name) for number, name in enumerate(names)])
    found = suggester.suggest(Entity("Product", "p", "", names[0]))
    assert found and found.score >= 89
