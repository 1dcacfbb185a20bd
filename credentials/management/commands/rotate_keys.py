import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from credentials.fields import SecretUnreadableError
from credentials.models import Credential

SEALED = ("secrets", "tokens", "new_key")


class Command(BaseCommand):
    help = (
        "Encrypts every secret again with the first key of FERNET_KEYS. Run it after adding a key, before removing the old one. "
        "Prints {credentials}, how many; exit code 1 names those that no key opens."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = 0, []
        for credential in Credential.objects.all():
            try:
                done += _seal_again(credential.pk)
            except SecretUnreadableError:
                lost.append(credential.name)
        self.stdout.write(json.dumps({"credentials": done}))
        if lost:
            raise CommandError(f"No key in FERNET_KEYS opens the secrets of {', '.join(lost)}. Put the old key back, or replace them.")


def _seal_again(credential_id: UUID) -> int:
    """Reads and writes until nobody has changed the secrets in between; 0 when the credential was deleted."""
    while credential := Credential.objects.filter(pk=credential_id).first():
        values = {name: getattr(credential, name) for name in SEALED}
        if Credential.objects.filter(pk=credential_id, serial=credential.serial).update(**values):
            return 1
    return 0
