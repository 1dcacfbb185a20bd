"""What a destination and a source must offer, and the values that pass between the rooms. No storage, no HTTP."""

from integrations.contract.credentials import Consent, CredentialField, CredentialKind, Redeemed, SetupStep, Token, Verified
from integrations.contract.destination import Destination, FileLane, System, Table
from integrations.contract.documents import Document, DocumentLine, LeftOut, Missing, Plan, Stamp
from integrations.contract.events import changed
from integrations.contract.lookup import Lookup, Match, Rule
from integrations.contract.options import Kind, Option, Options, Panel
from integrations.contract.source import Arrived, Fetched, FileFormat, Forged, Hook, Item, Pull, Rejected, Rows, Source, Tables, Wanted
from integrations.contract.wire import Answer, Auth, CatalogueRow, Client, Fault, Held, Outcome, Request, Sending, Sought, Transport, Usage

__all__ = [
    "Answer",
    "Arrived",
    "Auth",
    "CatalogueRow",
    "Client",
    "Consent",
    "CredentialField",
    "CredentialKind",
    "Destination",
    "Document",
    "DocumentLine",
    "Fault",
    "Fetched",
    "FileFormat",
    "FileLane",
    "Forged",
    "Held",
    "Hook",
    "Item",
    "Kind",
    "LeftOut",
    "Lookup",
    "Match",
    "Missing",
    "Option",
    "Options",
    "Outcome",
    "Panel",
    "Plan",
    "Pull",
    "Redeemed",
    "Rejected",
    "Request",
    "Rows",
    "Rule",
    "Sending",
    "SetupStep",
    "Sought",
    "Source",
    "Stamp",
    "System",
    "Table",
    "Tables",
    "Token",
    "Transport",
    "Usage",
    "Verified",
    "Wanted",
    "changed",
]
