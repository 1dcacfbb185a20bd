from django.contrib import admin
from django.contrib.admin.apps import AdminConfig


class BillpostAdminSite(admin.AdminSite):
    site_title = site_header = "Billpost"
    index_title = "Overview"


class BillpostAdminConfig(AdminConfig):
    default_site = "config.admin.BillpostAdminSite"
