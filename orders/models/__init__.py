"""Tables of the order floor."""

from .beside import Beside, LookPace, Return
from .comment import Comment, CommentVersion
from .customer import Customer
from .details import DetailWork
from .order import Order
from .parts import Fulfillment, FulfillmentOrder, LineItem, OrderTag, Refund, Transaction
from .remote_change import RemoteChange
from .timeline import TimelineEntry
from .tombstone import Tombstone
from .view import PinnedView, SavedView

__all__ = [
    "Beside",
    "Comment",
    "CommentVersion",
    "Customer",
    "DetailWork",
    "Fulfillment",
    "FulfillmentOrder",
    "LineItem",
    "LookPace",
    "Order",
    "OrderTag",
    "PinnedView",
    "Refund",
    "RemoteChange",
    "Return",
    "SavedView",
    "TimelineEntry",
    "Tombstone",
    "Transaction",
]
