"""Orders for staff: the list, the page of one order, and what can be done with chosen ones."""

from __future__ import annotations

from django.contrib import admin

from orders.models import Order
from stores.admin.base import PagesAdmin, Route

from . import act_page, acts, comments, menu, order_list, order_page, runs, view_pages


@admin.register(Order)
class OrderAdmin(PagesAdmin):
    routes = (
        Route("", "changelist", order_list.order_list),
        Route("views/", "views", view_pages.views),
        Route("views/save/", "view_save", view_pages.save),
        Route("views/<slug:slug>/", "view_change", view_pages.change),
        Route("views/<slug:slug>/delete/", "view_delete", view_pages.delete),
        Route("views/<slug:slug>/pin/", "view_pin", view_pages.pin),
        Route("choose/", "choose", acts.choose),
        Route("act/<slug:verb>/", "act", act_page.act_page),
        Route("runs/<uuid:run_id>/", "run", runs.run_page),
        Route("<int:order_id>/", "change", order_page.order_page),
        Route("<int:order_id>/comments/", "comment", comments.add),
        Route("<int:order_id>/comments/<int:comment_id>/edit/", "comment_edit", comments.edit),
        Route("<int:order_id>/comments/<int:comment_id>/delete/", "comment_delete", comments.delete),
        Route("<int:order_id>/comments/<int:comment_id>/pin/", "comment_pin", comments.pin),
    )


acts.register_verbs()
menu.connect()
