"""Who may sign in and with which role in which store. For administrators alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from backoffice.core import audit
from backoffice.core.api.callers import actor_of
from stores.models import Membership

from .base import AdministratorsAdmin


class MembershipInline(TabularInline):  # type: ignore[misc]  # unfold brings no types
    model = Membership
    extra = 1
    verbose_name_plural = _("Stores and roles")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # Without the links beside the field: stores are connected on a page of their own, not in a pop-up.
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget = getattr(field.widget, "widget", field.widget)
        return field

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).is_administrator

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).is_administrator

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).is_administrator

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).is_administrator


class PeopleAdmin(AdministratorsAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # generic only in the stubs
    """Accounts. Django's own permissions and groups mean nothing here, so they are not offered."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("username", "first_name", "last_name", "email", "is_active", "administrator", "last_login")
    list_filter = ("is_active", "is_superuser")
    lookups = frozenset({"is_active__exact", "is_superuser__exact"})
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)

    @admin.display(description=_("administrator"), boolean=True)
    def administrator(self, person: User) -> bool:
        return person.is_superuser

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "is_superuser":
            field.label = _("Administrator")
            field.help_text = _("Reaches every store, connects stores and gives people access.")
        return field

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        # Whoever has an account here is staff; what he reaches is for memberships to say.
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        person: User = form.instance
        roles = dict(Membership.objects.filter(user=person).values_list("store_id", "role"))
        audit.record(
            "person.changed" if change else "person.added",
            actor=actor_of(request),
            subject=person.get_username(),
            active=person.is_active,
            administrator=person.is_superuser,
            roles={str(store): role for store, role in roles.items()},
        )
