"""Decides the Account filter's example with cel-python; runs in an environment of its own."""

import json
import sys
import time
from typing import Any

import celpy  # type: ignore[import-not-found]

TEXT = 'customFields.country == "UK" && (currency in ["GBP", "EUR"] || customFields.seats > 100) && accountName != "Acme Cloud"'


def main(accounts: list[dict[str, Any]], rounds: int) -> dict[str, float]:
    environment = celpy.Environment()
    program = environment.program(environment.compile(TEXT))
    given = [{name: celpy.json_to_cel(value) for name, value in account.items()} for account in accounts]
    started = time.perf_counter()
    for _ in range(rounds):
        for account in given:
            program.evaluate(account)
    return {"rate": rounds * len(given) / (time.perf_counter() - started)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(**json.load(sys.stdin))) + "\n")
