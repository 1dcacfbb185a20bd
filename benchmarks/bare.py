"""The least that Python can do: a dict, json.dumps and `requests`, one call after another, without a ledger, mappings or retries."""

import json
from collections.abc import Mapping

import requests

from benchmarks.world import World
from credentials import hand_out


def loop(here: World, count: int, prefix: str) -> None:
    """Posts `count` documents of five lines into the emulated books, each with the login that the product itself uses."""
    bare = here.target.bare
    session = requests.Session()
    session.headers.update({**headers(here), "Content-Type": "application/json", "Host": bare.host})
    for number in range(count):
        method, path, body = bare.request(number, prefix)
        answer = session.request(method, f"{here.emulator.url}{path}", data=json.dumps(body))
        if answer.status_code not in bare.accepted:
            raise RuntimeError(answer.text)


def headers(here: World) -> Mapping[str, str]:
    return hand_out.auth(here.credential.pk).headers()
