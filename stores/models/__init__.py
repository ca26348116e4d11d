"""Tables of the store floor."""

from .access import ApiToken, Membership
from .budget import ShopBudget
from .credential import Credential, PendingAuthorization
from .inbox import InboxMessage
from .store import Merchant, Store
from .sync import Quarantined, SyncStream

__all__ = [
    "ApiToken",
    "Credential",
    "InboxMessage",
    "Membership",
    "Merchant",
    "PendingAuthorization",
    "Quarantined",
    "ShopBudget",
    "Store",
    "SyncStream",
]
