import json
from typing import Any, NamedTuple

from cryptography.fernet import InvalidToken
from django.db.models import Model
from django.db.models.query_utils import DeferredAttribute
from fernet_fields import EncryptedTextField


class SecretUnreadableError(Exception):
    """A stored secret cannot be decrypted with any key of FERNET_KEYS."""


class Sealed(NamedTuple):
    """A value as it is stored: what queries return, until somebody asks a model instance for it."""

    token: bytes

    def __repr__(self) -> str:
        return "Sealed(…)"


class OpensOnAccess(DeferredAttribute):
    """Decrypts when the attribute is read, so that a lost key breaks neither lists nor joins."""

    field: Any

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = self.field.opened(value)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedJSONField(EncryptedTextField):  # type: ignore[misc]
    """A JSON object, encrypted. The first of FERNET_KEYS encrypts, all decrypt; fixtures carry it encrypted.

    Expressions are refused: django-fernet-fields-v2 0.9 (2023-08) would store the encrypted text of the expression itself.
    """

    descriptor_class = OpensOnAccess

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or hasattr(value, "as_sql") else json.dumps(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            raise TypeError(f"{self.name} cannot be written by an expression; save the row instead")
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def to_python(self, value: Any) -> Any:
        return Sealed(value.encode()) if isinstance(value, str) else value

    def value_to_string(self, obj: Model) -> str:
        return str(self.fernet.encrypt(json.dumps(self.value_from_object(obj)).encode()).decode())

    def opened(self, sealed: Sealed) -> Any:
        """The value. SecretUnreadableError when no key fits."""
        try:
            return json.loads(self.fernet.decrypt(sealed.token))
        except InvalidToken as broken:
            place = f"{self.model._meta.label}.{self.name}"
            raise SecretUnreadableError(f"{place} cannot be decrypted with the keys in FERNET_KEYS") from broken
