"""Tables of the roof."""

from .batch import Batch, Message, MessageOrder
from .suppression import Suppression
from .template import Template

__all__ = ["Batch", "Message", "MessageOrder", "Suppression", "Template"]
