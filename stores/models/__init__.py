"""Tables of the store floor."""

from .access import ApiToken, Membership
from .budget import ShopBudget
from .calendar import StoreCalendar
from .compliance import ComplianceRequest, ExportPiece, RetiredSigner
from .credential import Credential, PendingAuthorization
from .inbox import InboxMessage, Subscription, SubscriptionCheck
from .load_window import LoadWindow
from .proof import Proof
from .quarantine import Quarantined
from .runs import HourCount, SyncRun
from .store import Merchant, Store
from .sync import SyncStream

__all__ = [
    "ApiToken",
    "ComplianceRequest",
    "Credential",
    "ExportPiece",
    "HourCount",
    "InboxMessage",
    "LoadWindow",
    "Membership",
    "Merchant",
    "PendingAuthorization",
    "Proof",
    "Quarantined",
    "RetiredSigner",
    "ShopBudget",
    "Store",
    "StoreCalendar",
    "Subscription",
    "SubscriptionCheck",
    "SyncRun",
    "SyncStream",
]
