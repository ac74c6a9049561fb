"""Operators and their groups: Django's own administration in the frame of the back office."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.forms import CheckboxSelectMultiple, Field
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)

PERMISSION_APPS = ("profiles", "quarantine", "deliveries", "auth")  # no page asks for those of the other apps


class BoxesAdmin(ModelAdmin):
    """Groups and permissions as boxes to tick: Django's pairs of lists work neither without JavaScript nor on a phone."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        if db_field.related_model is Permission:
            rights = Permission.objects.filter(content_type__app_label__in=PERMISSION_APPS)
            kwargs["queryset"] = rights.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, widget=CheckboxSelectMultiple, **kwargs)


@admin.register(User)
class OperatorAdmin(DjangoUserAdmin, BoxesAdmin):
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never: the history would go with the operator. Who leaves is made inactive."""
        return False


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, BoxesAdmin):
    filter_horizontal = ()
