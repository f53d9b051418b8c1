from deskbell.events.models.delivery import Delivery
from deskbell.events.models.event import Event, EventDetail
from deskbell.events.models.once import Once

__all__ = ["Delivery", "Event", "EventDetail", "Once"]
