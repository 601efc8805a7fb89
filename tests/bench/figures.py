"""What a measurement comes to, and how it is told."""

import math
from collections.abc import Sequence
from statistics import median

from msgspec import Struct


class Figure(Struct, frozen=True, kw_only=True):
    """One line of the result: ours beside the raw floor of the same run.

    goal      what the ratio ours / floor has to reach (`at_least`) or may not pass
    absolute  the goal is one for ours, in `unit`, however high the floor is
    notes     what was measured, exactly
    """

    what: str
    ours: float
    unit: str
    goal: float
    against: str
    floor: float
    at_least: bool = False
    absolute: bool = False
    notes: str = ""

    def __post_init__(self) -> None:
        """What is no number above 0 was not measured."""
        for value in (self.ours, self.floor):
            if not 0 < value < math.inf:
                raise ValueError(
                    f"{self.what}: {self.ours} {self.unit} beside {self.floor} is no measurement"
                )

    @property
    def ratio(self) -> float:
        return self.ours / self.floor

    @property
    def met(self) -> bool:
        counts = self.ours if self.absolute else self.ratio
        return counts >= self.goal if self.at_least else counts <= self.goal

    @property
    def line(self) -> str:
        """Ours, the floor, the ratio and the goal in columns."""
        floor = f"{written(self.floor)} {self.unit}"
        ratio = f"{self.ratio:.2f} ×"
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:g} {self.unit if self.absolute else '×'}"
        ours = f"{written(self.ours)} {self.unit}"
        return f"  {self.what:<44} {ours:>14} {floor:>14} {ratio:>9}  {goal:<9}"

    @property
    def verdict(self) -> str:
        return " met" if self.met else " MISSED"

    @property
    def plain(self) -> dict[str, object]:
        """For machines: the fields, with what is counted from them."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return fields | {"ratio": self.ratio, "met": self.met}


HEAD = f"  {'':<44} {'ours':>14} {'floor':>14} {'ratio':>9}  goal"


def written(value: float) -> str:
    """Three digits that count: 8312, 12.4, 0.31."""
    digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(values: Sequence[float], unit: str) -> str:
    """The rounds behind a median, so that a reader sees how much the machine wavered."""
    return f"median {written(median(values))} of {' '.join(map(written, values))} {unit}"
