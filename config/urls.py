from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.generic import RedirectView

from runs.views.hooks import hook
from runs.views.intake import schema


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("healthz", healthz, name="healthz"),
    path("hooks/<slug:slug>/", hook, name="hook"),
    path("schemas/<slug:platform>/bill.json", schema, name="bill_schema"),
    path("admin/", admin.site.urls),
]
