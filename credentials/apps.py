from django.apps import AppConfig
from django.core.checks import Tags, register

from credentials import checks


class CredentialsConfig(AppConfig):
    name = "credentials"
    verbose_name = "Credentials"

    def ready(self) -> None:
        register(checks.encryption_keys, Tags.security)
        register(checks.production, Tags.security, deploy=True)
