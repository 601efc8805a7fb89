"""What the work is: trades, faults, where they are, what is noted about them, and what stands on the bill."""

from msgspec import Struct


class Job(Struct, frozen=True):
    """A fault as the office writes it down. parts: what the bill may name, with the usual price."""

    title: str
    description: str
    parts: tuple[tuple[str, str], ...]


JOBS: dict[str, tuple[Job, ...]] = {
    "heating": (
        Job(
            "Boiler makes no hot water",
            "The display shows E4. It was reset twice.",
            (("Ignition electrode", "48.50"), ("Gas valve", "139.00")),
        ),
        Job(
            "Radiators stay cold on the top floor",
            "Pump runs, two radiators are lukewarm below.",
            (("Bleeding valve", "9.80"), ("Circulation pump", "214.00")),
        ),
        Job(
            "Yearly boiler service",
            "Flue gas test included. Log book hangs beside the boiler.",
            (("Service kit", "62.00"),),
        ),
        Job(
            "Thermostat does not switch",
            "Flat stays at 26 degrees whatever is set.",
            (("Room thermostat", "79.90"),),
        ),
        Job(
            "Heating loses pressure overnight",
            "Topped up three times this week, 0.6 bar every morning.",
            (("Expansion vessel", "118.00"), ("Filling valve", "36.40")),
        ),
        Job(
            "Underfloor heating makes noises",
            "Knocking in the bathroom when it warms up.",
            (("Manifold actuator", "41.00"),),
        ),
    ),
    "plumbing": (
        Job(
            "Water drips through the kitchen ceiling",
            "Comes from the flat above, bucket stands below. Main tap is in the cellar.",
            (("Compression fittings", "27.30"), ("Copper pipe, 3 m", "33.00")),
        ),
        Job(
            "Toilet cistern runs on and on",
            "Hidden cistern, plate comes off with two screws.",
            (("Fill valve", "24.90"), ("Flush seal", "7.60")),
        ),
        Job(
            "Blocked drain in the courtyard",
            "Standing water since the rain on Sunday.",
            (("Drain rods, wear", "15.00"),),
        ),
        Job("Replace a kitchen tap", "New tap is there already, in its box.", (("Flexible hoses", "16.80"),)),
        Job(
            "Shower turns cold after two minutes",
            "Only in the guest bathroom.",
            (("Thermostatic cartridge", "86.00"),),
        ),
        Job("Washing machine connection leaks", "Valve is stiff and weeps.", (("Angle valve", "19.50"),)),
        Job(
            "No water on the third floor", "Neighbours below have pressure.", (("Pressure reducer", "97.00"),)
        ),
    ),
    "electric": (
        Job(
            "Fuse trips when the oven is on",
            "Happens after ten minutes. Kitchen circuit, breaker 7.",
            (("Circuit breaker B16", "14.20"), ("Oven connection box", "11.50")),
        ),
        Job("Staircase light does not go out", "Timer hums.", (("Staircase timer", "44.00"),)),
        Job(
            "Install a wallbox in the garage",
            "Cable is laid, 11 kW, reported to the grid operator.",
            (("Wallbox 11 kW", "649.00"), ("RCD type A-EV", "172.00")),
        ),
        Job(
            "Socket in the office smells burnt",
            "Switched off at the board, please be quick.",
            (("Double socket", "12.90"),),
        ),
        Job("Door intercom is silent", "Ringing works, speech does not.", (("Indoor station", "88.00"),)),
        Job(
            "Check of portable appliances",
            "About 60 devices, list is at the reception.",
            (("Test labels", "6.00"),),
        ),
        Job(
            "Emergency exit sign is dark",
            "Ground floor, beside the coat racks.",
            (("LED exit sign", "59.00"),),
        ),
    ),
    "lifts": (
        Job(
            "Lift stops between floors",
            "Nobody inside. Fault F12 on the controller.",
            (("Door lock contact", "66.00"), ("Guide shoes", "92.00")),
        ),
        Job("Lift doors reopen again and again", "Third floor only.", (("Light curtain", "238.00"),)),
        Job(
            "Monthly lift inspection",
            "Key is in the safe at the gate, code with the caretaker.",
            (("Lubricants", "18.00"),),
        ),
        Job(
            "Emergency call in the lift does not connect",
            "Test call failed twice.",
            (("GSM module", "189.00"),),
        ),
    ),
    "ventilation": (
        Job(
            "Kitchen hood barely draws",
            "Filters were cleaned last month.",
            (("Fan belt", "23.00"), ("Grease filters", "74.00")),
        ),
        Job(
            "Replace filters in the ventilation unit",
            "F7 and M5, unit on the roof, ladder is there.",
            (("Filter set F7/M5", "112.00"),),
        ),
        Job(
            "Server room gets too warm",
            "31 degrees. Split unit blows, but not cold.",
            (("Refrigerant, 1 kg", "95.00"), ("Condensate pump", "83.00")),
        ),
        Job("Bathroom fan rattles", "Since the storm.", (("Fan insert", "57.00"),)),
    ),
    "locks": (
        Job(
            "Front door does not close",
            "It catches at the bottom, closer has no force.",
            (("Door closer", "129.00"),),
        ),
        Job(
            "Change the locks after a move",
            "Five cylinders, same key.",
            (("Cylinder, keyed alike", "38.00"),),
        ),
        Job("Locked out, child inside", "Flat on the second floor, the door only fell shut.", ()),
    ),
}

TITLES_WHERE = (
    "",
    "",
    "",
    "",
    ", ground floor",
    ", 2nd floor left",
    ", back building",
    ", unit B",
    ", flat 14",
)

AREAS = (
    "Old Harbour", "Mill Quarter", "Station District", "Nordpark", "Riverside", "University Hill",
    "Eastgate", "Garden Suburb", "Shipyard", "Cathedral Square", "Westfield", "Airport Road",
)  # fmt: skip
"""The first are nearer, and have more work."""

STREETS = (
    "Quay Street", "Lindenweg", "Ropewalk", "Mill Lane", "Goethestraße", "Fishmarket", "Station Road",
    "Kastanienallee", "Weavers' Row", "Lighthouse Yard", "Chapel Hill", "Am Alten Speicher", "Orchard Close",
    "Rosengasse", "Dockside", "Bridge Street",
)  # fmt: skip

CLIENT_NOTES = (
    "", "", "", "", "Ring twice, the bell is weak.", "The dog is friendly.", "Key is with the neighbour on the left.",
    "Park in the yard, code 4711 at the gate.", "Please call half an hour before.", "Hard of hearing, knock loudly.",
    "Only after 10 in the morning.", "Speaks Arabic and a little English.",
)  # fmt: skip

TECHNICIAN_NOTES = (
    "Certified for gas.", "Has the long ladder.", "Part-time, not on Fridays.", "Knows the school's old boiler.",
    "Trainee until spring; sends photos.", "Lift licence until next June.",
)  # fmt: skip

FAR, NO_TIME = "far", "time"
"""The quick choices that the bot offers; any other reason is written."""

REASONS = (
    FAR, FAR, NO_TIME, NO_TIME, NO_TIME, "",
    "The van is in the garage until tomorrow.", "I am still at the school, that will take all day.",
    "I have no gas licence for this one.", "Wrong trade, this is for an electrician.", "My shift ends at three today.",
    "I was there last week; Karim has the spare part.", "Child is ill, I am going home.",
    "لا أملك القطعة المطلوبة اليوم", "أنا في الطرف الآخر من المدينة",
)  # fmt: skip
"""Empty: no reason is given."""

EDITS = (
    "Caretaker lets you in, ask at the gate.", "Client says: it got worse overnight.", "Bring the long ladder.",
    "Photos are with the office.",
)  # fmt: skip

LABOUR = (("Labour", "68.00"), ("Labour, skilled", "82.00"), ("Labour, emergency rate", "115.00"))
CALL_OUT = (("Call-out", "39.00"), ("Travel, flat rate", "25.00"))
