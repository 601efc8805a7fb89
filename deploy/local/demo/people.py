"""Who is in the story: the company, its office, its technicians, and those the work is done for."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.contract.admin import Role


class Place(Struct, frozen=True):
    """Where the company is. phone: a range that is kept free for stories, with room for its last digits."""

    zone: str
    currency: str
    phone: str


PLACES = (
    Place("Europe/Berlin", "EUR", "+49 30 23125 {:03}"),
    Place("America/New_York", "USD", "+1 212 555 01{:02}"),
    Place("America/Los_Angeles", "USD", "+1 213 555 01{:02}"),
    Place("Pacific/Auckland", "NZD", "+64 9 555 0{:03}"),
    Place("Asia/Singapore", "SGD", "+65 6555 0{:03}"),
)

BUSY_FROM, BUSY_UNTIL = time(10), time(17)


def place_at(now: datetime) -> Place:
    """The first place where it is the middle of a working day, so that today's work is half done."""

    def hours_off(place: Place) -> float:
        local = now.astimezone(ZoneInfo(place.zone))
        if BUSY_FROM <= local.time() < BUSY_UNTIL:
            return 0
        noon = local.replace(hour=13, minute=30, second=0, microsecond=0)
        return abs(local - noon) / timedelta(hours=1)

    return min(PLACES, key=hours_off)


COMPANY = "Harbourlight Building Services"
ADDRESS = "7 Lighthouse Yard, Old Harbour"
TAX_ID = "HLB-204-118"


class Clerk(Struct, frozen=True):
    """Somebody in the office, with the hour at which the working day begins and ends."""

    login: str
    name: str
    role: Role
    begins: time
    ends: time
    weekends: bool = False


CLERKS = (
    Clerk("ines", "Ines Albrecht", Role.DISPATCHER, time(7, 0), time(15, 45), weekends=True),
    Clerk("tomas", "Tomáš Novák", Role.DISPATCHER, time(8, 15), time(17, 0)),
    Clerk("salma", "Salma El-Sayed", Role.DISPATCHER, time(9, 30), time(18, 30), weekends=True),
    Clerk("george", "George Okafor", Role.DISPATCHER, time(8, 30), time(16, 30)),
)
"""The last one keeps the accounts; the others send people out."""

LOOKER = Clerk("beate", "Beate Lindqvist", Role.VIEWER, time(9), time(17))
"""Reads the reports, once in a while."""


class Technician(Struct, frozen=True):
    """eager: how often a task is taken; pace: how long an answer takes, 1 is usual; load: how much is given to them."""

    id: int
    name: str
    username: str
    language: str
    trade: str
    eager: float
    pace: float
    load: float


# name, username, language of their Telegram, trade
NAMES = (
    ("Karim Haddad", "karim_haddad", "en", "heating"),
    ("ليلى منصور", "layla_mansour", "ar", "plumbing"),
    ("Oleksandr Bondar", "sasha_bondar", "en", "electric"),
    ("Grace Mwangi", "grace_fixes", "en", "lifts"),
    ("يوسف الخطيب", "", "ar", "heating"),
    ("Piotr Zieliński", "piotr_z", "en", "plumbing"),
    ("Mei-Ling Chen", "meiling_chen", "en", "electric"),
    ("Jonas Bergström", "jbergstrom", "en", "heating"),
    ("Fatima Zahra Idrissi", "fz_idrissi", "ar", "electric"),
    ("Diego Fernández", "diego_fdz", "en", "plumbing"),
    ("أحمد سليمان", "ahmad_suleiman", "ar", "lifts"),
    ("Aoife Byrne", "aoife_byrne", "en", "heating"),
    ("Nguyễn Văn Minh", "minh_nv", "en", "electric"),
    ("Thandiwe Dlamini", "thandi_d", "en", "plumbing"),
    ("Marek Horváth", "marekh", "en", "ventilation"),
    ("Ravi Subramanian", "ravi_subra", "en", "electric"),
    ("نور الدين حمزة", "nour_hamza", "ar", "ventilation"),
    ("Sofia Papadopoulou", "sofia_papa", "en", "heating"),
    ("Emre Yılmaz", "emre_ylmz", "en", "plumbing"),
    ("Hannah Schuster", "hannah_schuster", "en", "locks"),
    ("Kwame Mensah", "kwame_m", "en", "electric"),
    ("Beatriz Carvalho", "bia_carvalho", "en", "plumbing"),
    ("Luca Moretti", "", "en", "lifts"),
    ("هدى العلي", "huda_alali", "ar", "plumbing"),
    ("Anders Solberg", "asolberg", "en", "heating"),
    ("Rania Nasser", "rania_nasser", "ar", "ventilation"),
    ("Samuel Adeyemi", "sam_adeyemi", "en", "locks"),
    ("Ilse Vermeulen", "ilse_v", "en", "electric"),
    ("Bogdan Ionescu", "bogdan_io", "en", "heating"),
    ("Yuki Tanabe", "yuki_tanabe", "en", "plumbing"),
)

FIRST_NAMES = (
    "Amelia", "Bashir", "Clara", "Dmitri", "Esther", "Farah", "Gunnar", "Hiroshi", "Ibrahim", "Judith",
    "Katarina", "Lorenzo", "Mariam", "Nikhil", "Olga", "Pascal", "Quentin", "Rosa", "Stefan", "Tamar",
    "Ursula", "Viktor", "Wanjiru", "Xenia", "Yasmin", "Zoltan",
)  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Okonkwo", "Brandt", "Castellanos", "Dubois", "Eriksen", "Fontaine", "Grünwald", "Haddad",
    "Ivanova", "Jankowski", "Kowalczyk", "Lindgren", "Mbeki", "Nakamura", "O'Sullivan", "Petrović", "Qureshi",
    "Rahman", "Santos", "Takahashi", "Ustinov", "Vandermeer", "Weiss", "Yamamoto", "Zhang",
)  # fmt: skip
HOUSES = (
    "Café Pomeranze", "Hotel Seeblick", "Linden Primary School", "Dr Halloran's Dental Practice",
    "Bakery Morgenrot", "Quayside Housing Association", "St Brendan's Nursing Home", "Kino Metropol",
    "Weaver's Yard Offices", "Marina Boat Club", "Trattoria Lucia", "Nordpark Swimming Pool",
    "Old Granary Lofts", "City Library, East Branch", "Pharmacy at the Gate", "Studio Falter Architects",
)  # fmt: skip
