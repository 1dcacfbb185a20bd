"""What a destination declares."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from billing.bill import Bill
from integrations.contract.credentials import CredentialKind
from integrations.contract.documents import Document, Plan, Stamp
from integrations.contract.lookup import Lookup
from integrations.contract.options import Option, Options, OptionStep
from integrations.contract.preflight import Preflight
from integrations.contract.wire import Answer, Client, CustomerRow, CustomersBy, Sought, Transport, Usage


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of an external system and the entities of ours that may be mapped to it (none: it only serves drop-downs).

    `by_code`: an entity without a mapping is the record whose code is the entity's own, as a currency is by its ISO code. `by_options`:
    which records it has depends on the options, as fields do on the objects that they name, so that it is read for each integration.
    """

    name: str
    label: str
    entities: tuple[str, ...] = ()
    by_code: bool = False
    by_options: bool = False


@dataclass(frozen=True, kw_only=True)
class System:
    """A name that integrations and mappings use, exactly as spelled."""

    name: str
    label: str
    sandbox: bool = False


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A place that documents go to: one package under integrations/destinations.

    `replay_window`: how long the stored request may be sent again with the same key. `settle`: how long after a lost answer an
    "absent" may be believed. `slots` names the document kinds for people. `custom_fields` are the default names of the source's
    custom fields that carry an external id, by entity. `voids`: the kinds of documents that it can void; what it cannot is
    credited in full. `chained` tells whether a Bill may become more than its main document under these
    options. `released` asks which of these documents may have their next one made now, as what its `awaits` says has happened: their
    keys. `usage` reads from an answer how much of an allowance of calls is used up.
    `misfits` asks whether what the options name is there and fits: a sentence for each reason why no document could be stored.
    `customers`: how an Account without a mapping finds its customer; None where Accounts are only mapped.
    `steps` divide its options among the steps of a set-up, for those who want to be led; `folded` groups of options stand closed on one
    page while they are as they were.
    """

    slug: str
    label: str
    systems: tuple[System, ...]
    tables: tuple[Table, ...]
    entity_types: tuple[str, ...]
    credential_kinds: tuple[CredentialKind, ...]
    options: tuple[Option, ...]
    build: Callable[[Bill, Options, Lookup, Stamp], Plan]
    connect: Callable[[Transport, str, Options], Client]
    nouns: Mapping[str, str]
    custom_fields: Mapping[str, str]
    replay_window: dt.timedelta
    settle: dt.timedelta
    batch_size: int = 1
    parallel: int = 1
    file_lane: "FileLane | None" = None
    voids: tuple[str, ...] = ()
    chained: Callable[[Bill, Options], bool] | None = None
    released: Callable[[Transport, str, Sequence[Sought]], set[str]] | None = None
    usage: Callable[[Answer], Usage | None] | None = None
    misfits: Callable[[Transport, str, Options], Sequence[str]] | None = None
    customers: "Customers | None" = None
    preflight: Preflight | None = None
    steps: tuple[OptionStep, ...] = ()
    folded: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Customers:
    """Finds, once and for all, the customer of an Account that no mapping names; what is found or created becomes a mapping.

    `by` gives what they are found by, in order, () where Accounts are only mapped; `creates` whether a missing one is created by a
    document of the slot "customer". `key` makes the external id that a customer gets of an Account's id and, unless it is the default
    one, the source's slug. `ask(transport, tenant, by, values)` gives the customers by value, e-mail addresses in any case; it raises
    errors.DeliveryError. `reactivate` says how, as a sentence with the customer's {id}.
    """

    ask: Callable[[Transport, str, CustomersBy, Sequence[str]], Mapping[str, Sequence[CustomerRow]]]
    by: Callable[[Options], tuple[CustomersBy, ...]]
    creates: Callable[[Options], bool]
    key: Callable[[str, str], str]
    reactivate: str


@dataclass(frozen=True, kw_only=True)
class FileLane:
    """Documents as a file that people import at the destination by hand: the header, and the rows of one document, none for one that
    such a file does not take. `about` says as sentences what the file takes and how it is imported."""

    header: Callable[[Options], tuple[str, ...]]
    rows: Callable[[Document, Options], Iterable[Sequence[str]]]
    about: str = ""
