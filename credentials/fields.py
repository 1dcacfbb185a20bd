import json
from typing import Any

from cryptography.fernet import InvalidToken
from fernet_fields import EncryptedTextField


class SecretUnreadableError(Exception):
    """A stored secret cannot be decrypted with any key of FERNET_KEYS."""


class EncryptedJSONField(EncryptedTextField):  # type: ignore[misc]
    """A JSON object, encrypted. The first of FERNET_KEYS encrypts, all decrypt.

    Expressions are refused: django-fernet-fields-v2 0.9 (2023-08) would store the encrypted text of the expression itself.
    """

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or hasattr(value, "as_sql") else json.dumps(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            raise TypeError(f"{self.name} cannot be written by an expression; save the row instead")
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Any:
        try:
            text = super().from_db_value(value, expression, connection, *args)
        except InvalidToken as broken:
            raise SecretUnreadableError(
                f"{self.model._meta.label}.{self.name} cannot be decrypted with the keys in FERNET_KEYS"
            ) from broken
        return None if text is None else json.loads(text)

    def to_python(self, value: Any) -> Any:
        return value
