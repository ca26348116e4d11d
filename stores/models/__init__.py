"""Tables of the store floor."""

from .access import ApiToken, Membership
from .budget import ShopBudget
from .credential import Credential, PendingAuthorization
from .inbox import InboxMessage
from .proof import Proof
from .quarantine import Quarantined
from .store import Merchant, Store
from .sync import SyncStream

__all__ = [
    "ApiToken",
    "Credential",
    "InboxMessage",
    "Membership",
    "Merchant",
    "PendingAuthorization",
    "Proof",
    "Quarantined",
    "ShopBudget",
    "Store",
    "SyncStream",
]
