"""How an operator watches over others: how much it runs again, and how much money it puts up."""

from dataclasses import dataclass

from fusion.errors import BadInput


@dataclass(frozen=True, slots=True)
class Watching:
    """Of one operator.

    Attributes:
        share: of the jobs that nothing speaks against, what part is run again all the same; 0 to 1.
        max_bond: base units of the stake token that all its challenges under way may hold together.
        anew: challenges again after a bond was lost.
    """

    share: float
    max_bond: int
    anew: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise BadInput(f"the share of jobs to watch is {self.share}: give a part of one, such as 0.05")
        if self.max_bond <= 0:
            raise BadInput("the bonds of challenges may hold nothing: give more with --max-bond")
