"""The people and tasks that these tests are about."""

from datetime import UTC, datetime

from bot_gateway.domain import Profile
from shared.contract.task import ClientInfo, Priority, TaskDetails

YASMIN = 7_000_000_001
BRUNO = 7_000_000_002

YASMIN_IN_TELEGRAM = Profile("Yasmin Farouk", "yasmin_fixes", "ar")

BOILER = TaskDetails(
    "Leaking boiler",
    "Water under the boiler. <b>Not</b> the tap & not the pipe.",
    "Altstadt",
    Priority.URGENT,
    datetime(2030, 5, 17, 9, 30, tzinfo=UTC),
)

BAKERY = ClientInfo("Bakery Amsel", "+46 8 555 00 11", "", "Kornhamn 3, Stockholm")

LINDQVIST = ClientInfo(
    "Sigrid Lindqvist", "+46 8 123 45 67", "sigrid@example.se", "Storgatan 1, Stockholm", "The dog <bites>."
)
