"""The forms of a mapping: what is mapped to where ("Select mapping type"), and the two ids ("Add mapping IDs")."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse

from billing.models import Source
from integrations import registry
from mappings import catalogue, choices, entities
from mappings.models import ALWAYS, ExternalMapping
from mappings.widgets import One

LISTED = 100
EVERY_INTEGRATION = "Every integration with {}"
_FIRST = [("", "Choose one")]


class PlainForm(forms.Form):
    """Labels stand above their fields, so without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


class TypeForm(PlainForm):
    """Stage 1. The tables are those that the chosen system declares for the chosen entity type; a single one is chosen by itself."""

    entity_type = forms.ChoiceField(label="Entity type", help_text="What is mapped.")
    external_system = forms.ChoiceField(label="External system", help_text="Where its record is.")
    external_table = forms.ChoiceField(label="External table", required=False)

    def __init__(self, *args: Any, integration: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.integration = integration
        chosen, system = self._said("entity_type"), self._said("external_system")
        systems = [(name, name) for name, _ in choices.systems() if integration is None or name == integration.system]
        if len(systems) == 1:
            system = self.initial["external_system"] = systems[0][0]
        self._offer("entity_type", choices.entity_types())
        self._offer("external_system", systems)
        self._offer_tables(chosen, system)

    def clean(self) -> dict[str, Any]:
        """With the only table that there is, where there is only one."""
        data = self.cleaned_data
        fitting = choices.tables(data.get("entity_type", ""), data.get("external_system", ""))
        if len(fitting) == 1:
            data["external_table"] = fitting[0][0]
        elif fitting and data.get("external_table") not in dict(fitting):
            self.add_error("external_table", f"Choose the table: {' or '.join(label for _, label in fitting)}.")
        elif not fitting and not self.errors:
            label, noun = registry.system_label(data["external_system"]), entities.noun(data["entity_type"])
            self.add_error("external_system", f"{label} has no table for {'an' if noun[0] in 'aAeio' else 'a'} {noun}.")
        return data

    def _said(self, name: str) -> str:
        return str((self.data.get(name) if self.is_bound else self.initial.get(name)) or "")

    def _offer(self, name: str, offered: choices.Choices) -> None:
        self.fields[name].choices = offered if len(offered) == 1 else [*_FIRST, *offered]  # type: ignore[attr-defined]

    def _offer_tables(self, chosen: str, system: str) -> None:
        field, fitting = self.fields["external_table"], choices.tables(chosen, system)
        self._offer("external_table", fitting)
        field.widget.attrs["disabled"] = not fitting
        why = "Choose the entity type and the system first." if not (chosen and system) else f"{registry.system_label(system)} has none."
        field.help_text = f"The tables that {registry.system_label(system)} has for it." if fitting else why


class MappingForm(PlainForm):
    """Stage 2, and the page of a stored mapping. Valid: `wanted` is the mapping as it is to be."""

    entity_id = forms.CharField(max_length=200)
    external_id = forms.CharField(label="External entity ID", max_length=200)
    unlisted = forms.BooleanField(required=False, label="Use this id as it is")
    integration = forms.ChoiceField(
        label="Linked integration", required=False, help_text="A linked mapping is used by this integration alone, before any other."
    )
    source = forms.ModelChoiceField(
        Source.objects.all(), required=False, empty_label="Every source", help_text="Empty: the id means the same in every source."
    )
    valid_from = forms.DateField(
        required=False, label="Valid from", widget=forms.DateInput({"type": "date"}), help_text="The Bill's date decides. Empty: always."
    )
    valid_to = forms.DateField(
        required=False, label="Valid to", widget=forms.DateInput({"type": "date"}), help_text="The last day. Empty: until another begins."
    )

    def __init__(
        self, *args: Any, entity_type: str, system: str, table: str, owner: Any = None, stored_id: str = "", **kwargs: Any
    ) -> None:
        self.entity_type, self.system, self.table, self.stored_id = entity_type, system, table, stored_id
        super().__init__(*args, **kwargs)
        label = registry.system_label(system)
        self.owner = self._owner(owner)
        self.tenant = choices.tenant(self.owner)
        linked = [(str(each.pk), each.name) for each in choices.integrations(system)]
        self.fields["integration"].choices = [("", EVERY_INTEGRATION.format(label)), *linked]  # type: ignore[attr-defined]
        self.fields["entity_id"].label = entities.noun(entity_type).capitalize() if entity_type != "Account" else "Account"
        self.fields["entity_id"].widget = self._entity_picker()
        self._ask_for_record(label)
        if Source.objects.count() < 2 and not self.initial.get("source"):
            del self.fields["source"]
        if not self.data.get("unlisted") and not self._is_strange(str(self.data.get("external_id") or "")):
            del self.fields["unlisted"]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "external_id" in data and "unlisted" in self.fields and not data.get("unlisted"):
            label, typed = registry.system_label(self.system), data["external_id"]
            self.add_error("external_id", f"{label} had no {self.table} “{typed}” when it was last read. Choose one of the list.")
        since, until = data.get("valid_from"), data.get("valid_to")
        if since and until and until < since:
            self.add_error("valid_to", "It would end before it begins.")
        return data

    @property
    def wanted(self) -> ExternalMapping:
        data = self.cleaned_data
        return ExternalMapping(
            source=data.get("source"),
            entity_type=self.entity_type,
            entity_id=data["entity_id"],
            external_system=self.system,
            external_table=self.table,
            external_id=data["external_id"],
            external_name=self._record_name(data["external_id"]),
            integration=choices.integration(data.get("integration") or "", self.system),
            valid_from=data.get("valid_from") or ALWAYS,
            valid_to=data.get("valid_to"),
        )

    def _owner(self, owner: Any) -> Any:
        """The integration that is chosen on the page, else the one that it was opened for."""
        return choices.integration(str(self.data.get("integration") or ""), self.system) if self.is_bound else owner

    def _entity_picker(self) -> One:
        def called(uid: str) -> str:
            return str(entities.one(self.entity_type, uid))

        first = [(entity.id, str(entity)) for entity in entities.search(self.entity_type, "", LISTED)]
        asked = urlencode({"entity_type": self.entity_type})
        return One(first, called, "Name, code or id", f"{reverse('admin:mappings_find_entities')}?{asked}")

    def _ask_for_record(self, label: str) -> None:
        """A searchable list once the table was read, a plain text until then."""
        field = self.fields["external_id"]
        if not catalogue.is_known(self.system, self.table, self.tenant):
            field.widget = forms.TextInput({"autocomplete": "off"})
            field.help_text = f"The id of the {self.table} in {label}. Names appear once a credential is connected."
            return
        records = catalogue.search(self.system, self.tenant, self.table, "")
        first = catalogue.listing(records[:LISTED])
        asked = urlencode({"system": self.system, "table": self.table, "tenant": self.tenant})
        field.widget = One(first, self._record_title, "Name or id", f"{reverse('admin:mappings_find_records')}?{asked}")
        field.help_text = f"The {self.table} in {label}."

    def _is_strange(self, external_id: str) -> bool:
        """Whether the table was read and has no such record; what is stored already may stay."""
        if external_id in ("", self.stored_id) or not catalogue.is_known(self.system, self.table, self.tenant):
            return False
        return not catalogue.records(self.system, self.tenant, self.table).filter(external_id=external_id).exists()

    def _record_name(self, external_id: str) -> str:
        found = catalogue.records(self.system, self.tenant, self.table).filter(external_id=external_id)
        return found.values_list("name", flat=True).first() or ""

    def _record_title(self, external_id: str) -> str:
        return catalogue.titled(external_id, self._record_name(external_id))
