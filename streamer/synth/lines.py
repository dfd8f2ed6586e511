"""What is written on the screen."""

from numpy.random import Generator

NAMES = (
    "GARDEN RIVER MARKET STATION HARBOUR KITCHEN SUMMER WINTER MORNING PLANET SILVER ORANGE NORTH SOUTH CENTRAL MUSIC "
    "SCHOOL OFFICE COFFEE BAKERY HISTORY NATURE TRAVEL SPORTS SCIENCE FAMILY ISLAND MOUNTAIN CASTLE BRIDGE"
)
WORDS = tuple(NAMES.split())
LINES: tuple[tuple[str, ...], ...] = (  # by structure, as what is said: training, test, validation
    (
        "BREAKING NEWS", "{w} {n}", "GATE {n}", "SALE {n} OFF", "CHAPTER {n}", "{w} AND {w}", "THE {w}", "WELCOME TO {w}", "EXIT",
        "PART {n}", "{w} NEWS", "LIVE", "NO PARKING", "CHANNEL {n}", "PLEASE WAIT", "OPEN", "{w} STREET", "PLATFORM {n}", "ROOM {n}",
    ),
    ("EPISODE {n} OF {n}", "TODAY IN {w}", "HOW {w} WORKS", "CLOSED UNTIL {n}", "ONLY {n} LEFT", "{w} TONIGHT", "FROM {w} WITH LOVE"),
    ("{n} YEARS LATER", "MEANWHILE IN {w}", "NEXT STOP {w}", "{w} PART {n}", "TICKETS {n}", "YOUR {w}", "THE LAST {w}"),
)  # fmt: skip


def line(structure: int, rng: Generator) -> str:
    """One to four words or numbers in capitals."""
    told = LINES[structure][rng.integers(len(LINES[structure]))]
    while "{w}" in told:
        told = told.replace("{w}", WORDS[rng.integers(len(WORDS))], 1)
    while "{n}" in told:
        told = told.replace("{n}", str(rng.integers(2, 60)), 1)
    return told
