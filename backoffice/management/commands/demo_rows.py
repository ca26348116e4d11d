"""`manage.py demo_rows`: connects the rehearsal shops and makes the demo's logins. Run by `demo`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from backoffice.core.actor import SYSTEM, Role
from backoffice.core.errors import BackofficeError
from backoffice.demo import LOGINS, SHOPS, Login
from stores.models import Membership, Store
from stores.scoping import acting_as
from stores.services.connect import connect_store


class Command(BaseCommand):
    help = "Connects the rehearsal shops and makes the demo's logins; what exists stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The demo's logins have known passwords; they are not for production.")
        with acting_as(SYSTEM):
            for shop in SHOPS:
                if Store.objects.filter(domain=shop.domain).exists():
                    continue
                try:
                    connect_store(
                        domain=shop.domain, token=shop.token, webhook_secret=shop.webhook_secret, actor=SYSTEM
                    )
                except BackofficeError as error:
                    raise CommandError(f"{shop.name} could not be connected. {error.message}") from error
                self.stdout.write(f"connected {shop.domain}")
            for login in LOGINS:
                _make(login)


def _make(login: Login) -> None:
    user, created = User.objects.get_or_create(
        username=login.name, defaults={"is_staff": True, "is_superuser": login.is_administrator}
    )
    if created:
        user.set_password(login.password)
        user.save(update_fields=["password"])
    for domain, role in login.roles:
        store = Store.objects.get(domain=domain)
        Membership.objects.get_or_create(user=user, store=store, defaults={"role": Role[role]})
