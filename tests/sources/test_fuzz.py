"""Every reader withstands mutations of its own samples: a few hundred each day, as many as there is time for by `tests.sources.fuzz`."""

import random
from itertools import islice

import pytest

from integrations import registry
from integrations.contract import Source
from tests.sources.fuzz import mutants, seeds, target


@pytest.mark.parametrize("source", registry.sources(), ids=lambda source: source.platform)
@pytest.mark.parametrize("count", [200, pytest.param(5_000, marks=pytest.mark.slow)])
def test_a_mutated_sample_is_read_or_refused_in_a_sentence(source: Source, count: int) -> None:
    attack, known = target(source), seeds(source)
    for data in known:
        attack(data)
    for data in islice(mutants(known, random.Random(count)), count):
        attack(data)
