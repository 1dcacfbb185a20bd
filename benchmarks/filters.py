"""How fast the Account filter decides, beside the same test written in Python."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import peers
from integrations.account_filter import parse

TEXT = 'customFields.country == UK AND (currency IN (GBP, EUR) OR customFields.seats > 100) AND accountName != "Acme Cloud"'
ACCOUNTS = [
    {
        "accountName": f"Account {number}",
        "accountCode": f"ACC-{number}",
        "currency": ("GBP", "USD", "EUR")[number % 3],
        "customFields": {"country": ("UK", "US")[number % 2], "seats": number * 10},
    }
    for number in range(50)
]

Account = Mapping[str, Any]
CEL = Path(__file__).with_name("cel_python.py")


def native(account: Account) -> bool:
    fields = account["customFields"]
    return bool(
        fields["country"] == "UK"
        and (account["currency"] in ("GBP", "EUR") or fields["seats"] > 100)
        and account["accountName"] != "Acme Cloud"
    )


def measure(rounds: int, repeat: int, python: str = "") -> list[dict[str, float]]:
    """Decisions per second, `ours` and `native`, and those of cel-python where `python` is the interpreter that has it."""
    ours = parse(TEXT)
    if [ours(account) for account in ACCOUNTS] != [native(account) for account in ACCOUNTS]:
        raise RuntimeError("The filter and its Python twin decide differently.")
    found = [{"ours": _rate(ours, rounds), "native": _rate(native, rounds)} for _ in range(repeat)]
    if python:
        found[-1]["cel-python"] = peers.run(python, str(CEL), accounts=ACCOUNTS, rounds=max(1, rounds // 200))["rate"]
    return found


def _rate(test: Callable[[Account], bool], rounds: int) -> float:
    started = time.perf_counter()
    for _ in range(rounds):
        for account in ACCOUNTS:
            test(account)
    return rounds * len(ACCOUNTS) / (time.perf_counter() - started)
