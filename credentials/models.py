import datetime
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone

from credentials.expiry import SOON
from credentials.fields import EncryptedJSONField
from integrations import registry
from integrations.contract import CredentialKind, Token

DAY = datetime.timedelta(days=1)
NEARLY = 80
"""Percent of an allowance of calls, from which on they are saved."""


class State(models.TextChoices):
    """What people are told about a credential."""

    NOT_CONNECTED = "NOT CONNECTED"
    VERIFIED = "VERIFIED"
    EXPIRES_SOON = "EXPIRES SOON"
    EXPIRED = "EXPIRED"
    AUTH_FAILED = "AUTH FAILED"
    DISCONNECTED = "DISCONNECTED"


@dataclass(frozen=True, kw_only=True)
class Kept(Token):
    """A token as it is stored: with the refresh token before its own, "" when there was none."""

    previous: str = field(default="", repr=False)


class Credential(models.Model):
    """How to connect; reusable by several integrations. `secrets`, `tokens` and `new_key` are write-only: nothing ever shows them
    again, and they stay encrypted in memory until somebody reads the attribute.

    `certificate` (PEM) belongs to the private key in `secrets`. `new_key` waits to be connected, {field name: value}: a private key
    made here that the vendor does not know yet, with `new_certificate`, or what a person consents with next. The present login goes on
    until then. `expires_at` is when a person has to act: the certificate's end, or the refresh token's.
    `note` and `currencies` are what the last connection test told of the books: contract.Verified.
    `calls_used` of `calls_allowed` is the vendor's count of calls, of all its integrations together, as last read.
    `serial` rises with every change of secrets or tokens, `fence` with every change of who may record a token.
    """

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        VERIFIED = "VERIFIED", "Verified"
        AUTH_FAILED = "AUTH_FAILED", "Auth failed"
        DISCONNECTED = "DISCONNECTED", "Disconnected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    system = models.CharField("External system", max_length=50)
    kind = models.CharField(max_length=50, choices=registry.credential_kind_choices)
    settings = models.JSONField(default=dict)
    secrets: Any = EncryptedJSONField(default=dict)
    tokens: Any = EncryptedJSONField(null=True)
    tokens_expire_at = models.DateTimeField(null=True)
    certificate = models.TextField(blank=True)
    new_key: Any = EncryptedJSONField(null=True)
    new_certificate = models.TextField(blank=True)
    tenant = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    status_reason = models.TextField(blank=True)
    last_verified_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    calls_used = models.PositiveBigIntegerField(null=True)
    calls_allowed = models.PositiveBigIntegerField(null=True)
    calls_read_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    currencies = models.JSONField(default=list)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    serial = models.PositiveBigIntegerField(default=0)
    created_by = models.ForeignKey(django_settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        permissions = [("connect", "Create credentials, connect and disconnect them")]

    def __str__(self) -> str:
        return self.name

    @property
    def usable(self) -> bool:
        return self.status == self.Status.VERIFIED

    @property
    def declaration(self) -> CredentialKind:
        """What the package that knows the system says about this kind. KeyError when no package declares it any more."""
        return registry.credential_kind(self.kind)

    @property
    def token(self) -> Kept | None:
        return None if self.tokens is None else msgspec.convert(self.tokens, Kept)

    @property
    def system_label(self) -> str:
        return registry.system_label(self.system)

    @property
    def nearly_used_up(self) -> bool:
        """Whether so much of the vendor's allowance of calls is used that the rest is saved. A reading counts for a day."""
        if self.calls_used is None or self.calls_allowed is None or self.calls_read_at is None:
            return False
        return 100 * self.calls_used >= NEARLY * self.calls_allowed and timezone.now() - self.calls_read_at < DAY

    @property
    def state(self) -> State:
        if self.usable and self.expires_at:
            return self._state_by_date(self.expires_at - timezone.now())
        return {
            self.Status.DRAFT: State.NOT_CONNECTED,
            self.Status.VERIFIED: State.VERIFIED,
            self.Status.AUTH_FAILED: State.AUTH_FAILED,
            self.Status.DISCONNECTED: State.DISCONNECTED,
        }[self.Status(self.status)]

    def _state_by_date(self, left: datetime.timedelta) -> State:
        if left <= datetime.timedelta(0):
            return State.EXPIRED
        return State.EXPIRES_SOON if left <= SOON else State.VERIFIED
