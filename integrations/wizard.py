"""Creating an integration: "Select entity type", "Select destination", "Configure and create"."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html

from integrations import beside, registry, service
from integrations.forms import PREFIX, ConfigureForm, DestinationForm, EntityTypeForm
from integrations.set_up import SetUpForm
from integrations.wizard_set_up import GOTO, RESUME, SetUpStage

ENTITY, DESTINATION = "entity", "destination"
TITLES = {ENTITY: "Select entity type", DESTINATION: "Select destination", PREFIX: "Configure and create"}
PANELS = {
    ENTITY: ("Entity Type Settings", "What the integration sends."),
    DESTINATION: ("Destination Settings", "Where it is sent to."),
}
FORM_ID = "wizard-form"
NOT_CONNECTED = "Nothing is sent until a credential is connected."
FROM_SYSTEM = "from_system"


def takes(system: str) -> tuple[str, ...]:
    """The entity types that a system takes; none for a name that nobody serves."""
    return registry.destination(system).entity_types if system in dict(registry.system_choices()) else ()


class CreateIntegration(PermissionRequiredMixin, SetUpStage):
    """Keeps what was typed in the session, valid or not, until the integration is made. No stage holds a secret."""

    permission_required = "integrations.configure"
    raise_exception = True
    form_list = ((ENTITY, EntityTypeForm), (DESTINATION, DestinationForm), (PREFIX, SetUpForm))
    template_name = "integrations/wizard.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The first stage, or the third: when a system's page has made both choices, or as it was left for another page."""
        if RESUME in request.GET and self._reached(PREFIX) and self.storage.get_step_data(PREFIX):
            return self.shown(self.returned())
        response: HttpResponse = super().get(request, *args, **kwargs)
        chosen = {ENTITY: request.GET.get("entity_type", ""), DESTINATION: request.GET.get("system", "")}
        if chosen[ENTITY] not in takes(chosen[DESTINATION]):
            return response
        for step, field in ((ENTITY, "entity_type"), (DESTINATION, "system")):
            self.storage.set_step_data(step, MultiValueDict({f"{step}-{field}": [chosen[step]]}))
        self.storage.extra_data = {FROM_SYSTEM: True}
        self.storage.current_step = PREFIX
        straight: HttpResponse = self.render(self.get_form())
        return straight

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.request.POST.get("wizard_goto_step") in self.get_form_list():
            self._keep()
        elif not self._reached(self._posted_step()):
            return HttpResponseRedirect(self.request.path)
        elif self._posted_step() == PREFIX and GOTO in self.request.POST:
            return self.go(self.request.POST[GOTO])
        response: HttpResponse = super().post(*args, **kwargs)
        return response

    def get_form_kwargs(self, step: str | None = None) -> dict[str, Any]:
        if step == DESTINATION:
            return {"entity_type": self.chosen(ENTITY, "entity_type")}
        if step == PREFIX:
            chosen = {"entity_type": self.chosen(ENTITY, "entity_type"), "system": self.chosen(DESTINATION, "system")}
            return chosen | {"user": self.request.user}
        return {}

    def get_form(self, step: str | None = None, data: Any = None, files: Any = None) -> forms.Form:
        """The stage's form; when another destination was chosen since, with what both ask."""
        step = step or self.steps.current
        system = data.get(f"{PREFIX}-system") if data and step == PREFIX else None
        other = system != self.chosen(DESTINATION, "system") and system in dict(registry.system_choices())
        form: forms.Form = super().get_form(step, None if other else data, files)
        if isinstance(form, ConfigureForm) and self.storage.extra_data.get(FROM_SYSTEM):
            form.destination_title = "External system configuration"
        if other and isinstance(form, ConfigureForm):
            form.carry(ConfigureForm(data, prefix=PREFIX, entity_type=form.entity_type, system=str(system)))
        return form

    def chosen(self, step: str, field: str) -> str:
        """What was chosen at an earlier stage, "" before."""
        data = self.storage.get_step_data(step)
        return str(data.get(f"{step}-{field}") or "") if data else ""

    def get_context_data(self, form: forms.Form, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(form=form, **kwargs)
        context |= admin.site.each_context(self.request) | {
            "title": "Create integration",
            "stages": [self._stage(step) for step in TITLES],
            "form_id": FORM_ID,
            "back": {"label": "Back", "name": "wizard_goto_step", "value": self.steps.prev} if self.steps.prev else None,
            "text": NOT_CONNECTED,
        }
        if isinstance(form, SetUpForm):
            return context | self.third(form)
        title, purpose = PANELS[self.steps.current]
        return context | {"panel_title": title, "panel_purpose": purpose, "primary": "Next"}

    def done(self, form_list: list[forms.Form], form_dict: dict[str, Any], **kwargs: Any) -> HttpResponse:
        form: SetUpForm = form_dict[PREFIX]
        user, credential = self.request.user, form.chosen
        name, sources = form.cleaned_data["name"], form.chosen_sources()
        integration = service.create(form.entity_type, form.system, name, form.options, credential, sources, user)
        for table in {step.table for step in form.destination.steps if step.maps} if form.given else ():
            for refusal in beside.tell(integration, table, form.given, user):
                messages.warning(self.request, refusal)
        page = reverse("admin:integrations_integrationconfig_system", args=(integration.system,))
        then = f"It is connected with {credential}: what qualifies goes by itself." if credential else NOT_CONNECTED
        sentence = '{} is created. {} <a href="{}">All of {}</a>'
        messages.success(self.request, format_html(sentence, integration, then, page, integration.system_label))
        if credential and form.at and form.destination.preflight:
            checklist = reverse("admin:runs_checklist", args=(integration.pk,))
            asked = 'What it needs in {} can be checked, and partly made, on its <a href="{}">checklist</a>.'
            messages.info(self.request, format_html(asked, integration.system_label, checklist))
        return HttpResponseRedirect(reverse("admin:integrations_integrationconfig_change", args=(integration.pk,)))

    def _keep(self) -> None:
        """Stores what stands in the stage that is being left: formtools would drop it."""
        if self._posted_step() in TITLES:
            self.storage.set_step_data(self._posted_step(), self.request.POST)

    def _posted_step(self) -> str:
        return str(self.request.POST.get(f"{self.prefix}-current_step") or "")

    def _reached(self, step: str) -> bool:
        """Whether the session still knows the choices that a stage builds on; a new login in another tab forgets them."""
        entity_type, system = self.chosen(ENTITY, "entity_type"), self.chosen(DESTINATION, "system")
        if step == DESTINATION:
            return entity_type in dict(registry.entity_type_choices())
        return step != PREFIX or entity_type in takes(system)

    def _stage(self, step: str) -> dict[str, Any]:
        order = list(TITLES)
        place, current = order.index(step), order.index(self.steps.current)
        state = "done" if place < current else "current" if place == current else "todo"
        value = self.chosen(step, "entity_type" if step == ENTITY else "system")
        return {"title": TITLES[step], "value": value, "state": state, "goto": step}
