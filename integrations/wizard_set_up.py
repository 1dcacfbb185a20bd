"""The third stage of the wizard as steps of its own: from one to the next, and away to another page and back."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from formtools.wizard.views import SessionWizardView

from billing.models import Source
from integrations import beside, options
from integrations.estimate import outlook
from integrations.forms import PREFIX
from integrations.set_up import STEP, SetUpForm, proposing

RESUME = "resume"
GOTO = f"{PREFIX}-goto"
CREDENTIAL, ACCEPT, PROPOSE, MAKE = "credential", "accept", "propose:", "make:"


class SetUpStage(SessionWizardView):  # type: ignore[misc]
    """What the steps of the third stage do; the whole of it stays one form, so nothing typed is lost."""

    def third(self, form: SetUpForm) -> dict[str, Any]:
        """The third stage's own: after a refusal it shows the step where something is wrong."""
        if form.at and form.is_bound and form.errors:
            form.at = form.wrong()
        shown: dict[str, Any] = {
            "outlook": outlook(form),
            "overview": f"{form.entity_type} to {form.system}.",
            "primary": "Create integration",
        }
        if form.at > 1:
            shown["back"] = {"label": "Back", "name": GOTO, "value": form.at - 1}
        if not form.last:
            shown |= {"primary": "Next", "primary_name": GOTO, "primary_value": form.at + 1}
        if form.chosen:
            shown["text"] = f"Connected with {form.chosen}: once it is created, what qualifies goes by itself."
        return shown | {"proposing": proposing(form.schema, list(Source.objects.all())) if not form.at else []}

    def go(self, where: str) -> HttpResponse:
        """To another step of the third stage, or to a page that comes back here; forward only when the step is right."""
        data = self.request.POST.copy()
        form: SetUpForm = self.get_form(PREFIX, data)
        if where == CREDENTIAL:
            self.storage.set_step_data(PREFIX, data)
            return HttpResponseRedirect(self._credential_page(form))
        if where == ACCEPT:
            data.update(form.sure)
        elif where.startswith(MAKE):
            self._make(data, form, where.removeprefix(MAKE))
        elif where.startswith(PROPOSE):
            self._propose(data, form, where.removeprefix(PROPOSE))
            self._connect(data, form)
        elif where.isdecimal() and int(where) > form.at > 0 and form.tell_only(form.at):
            return self.shown(data, form)
        else:
            data[f"{PREFIX}-{STEP}"] = where if where.isdecimal() else "0"
            if not form.at:
                self._connect(data, form)
        return self.shown(data)

    def shown(self, data: Any, form: forms.Form | None = None) -> HttpResponse:
        """The third stage as it stands; what is wrong is told by what is wanted next."""
        self.storage.set_step_data(PREFIX, data)
        self.storage.current_step = PREFIX
        if form is None:
            form = self.get_form(PREFIX, data)
            form.errors.clear()
        response: HttpResponse = self.render(form)
        return response

    def _make(self, data: Any, form: SetUpForm, name: str) -> None:
        """Has it made at the destination now, and names it in its option."""
        if name not in [offered for offered, _, _ in form.makes]:
            return
        made = beside.make(form.chosen, form.present(), name)
        if isinstance(made, str):
            messages.error(self.request, made)
            return
        data.update({f"{PREFIX}-{key}": value for key, value in made.items()})
        messages.success(self.request, f"{form.label} has it now, and it is chosen here.")

    def _propose(self, data: Any, form: SetUpForm, slug: str) -> None:
        """Settings for the Bills of one source."""
        source = Source.objects.filter(slug=slug).first()
        if source is None:
            return
        for key, value in options.proposed(form.schema, {source.platform}).items():
            data[f"{PREFIX}-{key}"] = "on" if value is True else str(value)
        data[f"{PREFIX}-{STEP}"] = "1"
        if "sources" in form.fields:
            data.setlist(f"{PREFIX}-sources", [str(source.pk)])

    def _credential_page(self, form: SetUpForm) -> str:
        back = f"{self.request.path}?{urlencode({RESUME: 1})}"
        return f"{reverse('admin:credentials_credential_add')}?{urlencode({'system': form.system, 'next': back})}"

    def returned(self) -> Any:
        """What was typed, with the newest credential when none was chosen."""
        data = self.storage.get_step_data(PREFIX).copy()
        self._connect(data, self.get_form(PREFIX, data))
        return data

    def _connect(self, data: Any, form: SetUpForm) -> None:
        """Begins with the newest credential that logs in, until another choice is made."""
        newest = next((credential for credential in form.credentials if credential.usable), None)
        if form.chosen is None and newest is not None:
            data[f"{PREFIX}-credential"] = str(newest.pk)
