"""The API's addresses about orders."""

from __future__ import annotations

from django.urls import path

from .acts import ActionView, ArchiveView, TagsView, UnarchiveView
from .comments import CommentView, OrderCommentsView
from .explain import ExplainView, FieldsView
from .orders import OrderCountsView, OrderListView, OrderView, TimelineView
from .runs import RunView
from .saved_views import ViewsView, ViewView

urlpatterns = [
    path("orders/", OrderListView.as_view(), name="orders"),
    path("orders/counts/", OrderCountsView.as_view(), name="order_counts"),
    path("orders/explain/", ExplainView.as_view(), name="order_explain"),
    path("orders/fields/", FieldsView.as_view(), name="order_fields"),
    path("orders/actions/<slug:verb>/", ActionView.as_view(), name="order_action"),
    path("orders/<int:order_id>/", OrderView.as_view(), name="order"),
    path("orders/<int:order_id>/timeline/", TimelineView.as_view(), name="order_timeline"),
    path("orders/<int:order_id>/comments/", OrderCommentsView.as_view(), name="order_comments"),
    path("orders/<int:order_id>/tags/", TagsView.as_view(), name="order_tags"),
    path("orders/<int:order_id>/archive/", ArchiveView.as_view(), name="order_archive"),
    path("orders/<int:order_id>/unarchive/", UnarchiveView.as_view(), name="order_unarchive"),
    path("comments/<int:comment_id>/", CommentView.as_view(), name="comment"),
    path("views/", ViewsView.as_view(), name="views"),
    path("views/<slug:slug>/", ViewView.as_view(), name="view"),
    path("runs/<uuid:run_id>/", RunView.as_view(), name="run"),
]
