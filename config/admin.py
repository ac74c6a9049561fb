"""Operators and their groups: Django's own administration in the frame of the back office."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.forms import CheckboxSelectMultiple, Field, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)

PERMISSION_APPS = ("profiles", "quarantine", "landingpages", "deliveries", "auth")  # no page asks for those of the other apps

PERMISSION_WORDS = {
    "add": gettext_lazy("Can add"),
    "change": gettext_lazy("Can change"),
    "delete": gettext_lazy("Can delete"),
    "view": gettext_lazy("Can view"),
}


class PermissionsField(ModelMultipleChoiceField):
    """Permissions in the reader's language: the database has their names in English."""

    def label_from_instance(self, obj: Any) -> str:
        verb = PERMISSION_WORDS.get(obj.codename.partition("_")[0], gettext(obj.name))
        return f"{obj.content_type} | {verb}"


class BoxesAdmin(ModelAdmin):
    """Groups and permissions as boxes to tick: Django's pairs of lists work neither without JavaScript nor on a phone."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        if not db_field.many_to_many:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        queryset = db_field.related_model._default_manager.all()
        if db_field.related_model is Permission:
            queryset = queryset.filter(content_type__app_label__in=PERMISSION_APPS).select_related("content_type")
            return db_field.formfield(queryset=queryset, widget=CheckboxSelectMultiple, form_class=PermissionsField)
        return db_field.formfield(queryset=queryset, widget=CheckboxSelectMultiple)


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
