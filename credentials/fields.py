import json
from typing import Any

from cryptography.fernet import InvalidToken
from django.db.models import Model
from fernet_fields import EncryptedTextField


class SecretUnreadableError(Exception):
    """A stored secret cannot be decrypted with any key of FERNET_KEYS."""


class EncryptedJSONField(EncryptedTextField):  # type: ignore[misc]
    """A JSON object, encrypted. The first of FERNET_KEYS encrypts, all decrypt; fixtures carry it encrypted.

    Expressions are refused: django-fernet-fields-v2 0.9 (2023-08) would store the encrypted text of the expression itself.
    """

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or hasattr(value, "as_sql") else json.dumps(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            raise TypeError(f"{self.name} cannot be written by an expression; save the row instead")
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Any:
        return None if value is None else self._opened(bytes(value))

    def to_python(self, value: Any) -> Any:
        return self._opened(value.encode()) if isinstance(value, str) else value

    def value_to_string(self, obj: Model) -> str:
        return str(self.fernet.encrypt(json.dumps(self.value_from_object(obj)).encode()).decode())

    def _opened(self, sealed: bytes) -> Any:
        try:
            return json.loads(self.fernet.decrypt(sealed))
        except InvalidToken as broken:
            place = f"{self.model._meta.label}.{self.name}"
            raise SecretUnreadableError(f"{place} cannot be decrypted with the keys in FERNET_KEYS") from broken
