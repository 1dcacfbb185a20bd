"""The form of a credential, made from its kind's declaration. What is secret goes in and never comes out again."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import BoundField

from credentials.connection import FormErrors, cleaned
from credentials.models import Credential
from integrations import registry
from integrations.contract import CredentialField, CredentialKind

GENERATE, UPLOAD = "generate", "upload"
KEY_SOURCES = ((GENERATE, "Generate a key pair here"), (UPLOAD, "Upload a private key"))
LARGEST_FILE = 64 * 1024
FILE = "{}_file"


class SecretText(forms.Textarea):
    """Takes text of several lines and never shows what it was given."""

    def format_value(self, value: Any) -> None:
        return None


class CredentialForm(forms.Form):
    """What a person gives for one kind. `new`: also name and system; `waiting`: a new key pair waits, so no private key is asked for."""

    use_required_attribute = False

    def __init__(self, kind: CredentialKind, *args: Any, new: bool = False, waiting: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.given = [field for field in kind.fields if not field.from_consent]
        self.waiting = waiting
        if new:
            self.fields["name"] = _text("Name", "People choose credentials by this name: say whose books it opens.")
            if len(kind.systems) > 1:
                self.fields["system"] = forms.ChoiceField(label="External system", choices=_system_choices(kind))
        if kind.makes_key_pair and not waiting:
            self.fields["key_source"] = forms.ChoiceField(
                label="Private key", choices=KEY_SOURCES, initial=UPLOAD, widget=forms.RadioSelect
            )
        for field in self.given:
            self._add(field)

    @property
    def generates(self) -> bool:
        return self.data.get("key_source") == GENERATE

    @property
    def asked(self) -> list[BoundField]:
        """What the vendor's own fields are, without the private key."""
        return [self[field.name] for field in self.given if field.kind == "text"]

    @property
    def key(self) -> list[BoundField]:
        """The private key as text or file, and its certificate."""
        names = [name for field in self.kind.fields if field.kind == "private_key" for name in (field.name, FILE.format(field.name))]
        return [self[name] for name in [*names, "certificate"] if name in self.fields]

    def clean(self) -> dict[str, Any]:
        """All that is wrong at once: what the kind says about each field, beside what is missing."""
        for field in self.kind.fields:
            if field.kind == "private_key" and not self.waiting:
                self._take_file(field)
        if not self.generates:
            try:
                cleaned(self.kind, self.values(), before_consent=bool(self.kind.consent))
            except FormErrors as wrong:
                self.refuse(
                    FormErrors({name: why for name, why in wrong.sentences.items() if name in self.fields.keys() - self.errors.keys()})
                )
        return self.cleaned_data

    def values(self) -> dict[str, str]:
        """What was given for the kind's fields, by name."""
        return {field.name: self.cleaned_data.get(field.name) or "" for field in self.given}

    def certificate(self) -> str:
        return self.cleaned_data.get("certificate") or ""

    def refuse(self, wrong: FormErrors) -> None:
        for name, sentence in wrong.sentences.items():
            self.add_error(name if name in self.fields else None, sentence)

    def _add(self, field: CredentialField) -> None:
        required = field.required and not self.generates
        if field.kind == "private_key":
            if not self.waiting:
                self._add_key(field, required and FILE.format(field.name) not in self.files)
        elif field.secret:
            hidden = forms.PasswordInput({"autocomplete": "new-password"})
            self.fields[field.name] = _text(field.label, field.help, hidden, required=required)
        else:
            self.fields[field.name] = _text(field.label, field.help, required=required)

    def _add_key(self, field: CredentialField, required: bool) -> None:
        paste = SecretText({"rows": 6, "autocomplete": "off", "spellcheck": "false", "placeholder": "-----BEGIN PRIVATE KEY-----"})
        self.fields[field.name] = _text(field.label, field.help, paste, required)
        self.fields[FILE.format(field.name)] = TextFileField(label="Or choose its file", required=False, widget=_file())
        if self.kind.makes_key_pair:
            help_text = "If you give it, you are told 30 days before it ends. It is not secret."
            self.fields["certificate"] = TextFileField(label="Certificate (optional)", help_text=help_text, required=False, widget=_file())

    def _take_file(self, field: CredentialField) -> None:
        pasted, chosen = self.cleaned_data.get(field.name), self.cleaned_data.get(FILE.format(field.name))
        if pasted and chosen:
            self.add_error(field.name, "This is given twice. Paste it or choose its file.")
        self.cleaned_data[field.name] = pasted or chosen


class TextFileField(forms.FileField):
    """The text of a small file, or "" when none was chosen."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if not file:
            return ""
        if (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(f"{file.name} is too large for a key or certificate. Choose the .pem file.")
        try:
            return file.read().decode()
        except UnicodeDecodeError:
            raise forms.ValidationError(f"{file.name} is not a text file. Choose the .pem file.") from None


def _text(label: str, help_text: str, widget: forms.Widget | None = None, required: bool = True) -> forms.CharField:
    missing = {"required": f"{label} is missing."}
    widget = widget or forms.TextInput({"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label=label, help_text=help_text, widget=widget, required=required, error_messages=missing)


def _file() -> forms.FileInput:
    return forms.FileInput({"accept": ".pem,.key,.crt,.cer,.txt"})


def _system_choices(kind: CredentialKind) -> list[tuple[str, str]]:
    return [(name, registry.system_label(name)) for name in kind.systems]


def initial(credential: Credential, key_source: str = "") -> Mapping[str, str]:
    """What is known of a credential and not secret, and where its new private key shall come from."""
    return {"key_source": GENERATE if key_source == GENERATE else UPLOAD, **credential.settings}
