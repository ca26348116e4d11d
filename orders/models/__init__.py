"""Tables of the order floor."""

from .comment import Comment, CommentVersion
from .customer import Customer
from .order import Order
from .parts import Fulfillment, FulfillmentOrder, LineItem, OrderTag, Refund, Transaction
from .remote_change import RemoteChange
from .timeline import TimelineEntry
from .tombstone import Tombstone

__all__ = [
    "Comment",
    "CommentVersion",
    "Customer",
    "Fulfillment",
    "FulfillmentOrder",
    "LineItem",
    "Order",
    "OrderTag",
    "Refund",
    "RemoteChange",
    "TimelineEntry",
    "Tombstone",
    "Transaction",
]
