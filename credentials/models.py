import uuid

from django.conf import settings as django_settings
from django.db import models

from credentials.fields import EncryptedJSONField
from integrations import registry


class CredentialManager(models.Manager["Credential"]):
    """Never loads a secret unless somebody asks for it."""

    def get_queryset(self) -> models.QuerySet["Credential"]:
        return super().get_queryset().defer("secrets", "tokens")


class Credential(models.Model):
    """How to connect; reusable by several integrations. `secrets` and `tokens` are write-only: nothing ever shows them again."""

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
    secrets = EncryptedJSONField(default=dict)
    tokens = EncryptedJSONField(null=True)
    tokens_expire_at = models.DateTimeField(null=True)
    tenant = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    status_reason = models.TextField(blank=True)
    last_verified_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    created_by = models.ForeignKey(django_settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CredentialManager()

    class Meta:
        ordering = ("name",)
        base_manager_name = "objects"
        permissions = [("connect", "Create credentials, connect and disconnect them")]

    def __str__(self) -> str:
        return self.name

    @property
    def usable(self) -> bool:
        return self.status == self.Status.VERIFIED
