"""What can be explained of a prediction, and how large an effect must be to be worth a word."""

import math
from typing import Literal

from bst.models.config import Task

# stars, the log-odds of being watched and liked some time, the probability of 4 stars or more, the logit of being
# watched next; in the order in which they are offered
Measure = Literal["expected", "like_logit", "liked", "next_logit"]
MEASURES: tuple[Measure, ...] = ("expected", "like_logit", "liked", "next_logit")
# predicted by towers of their own, which read the history once for all movies; effects on them are factors of the odds
LOGITS: dict[Measure, Task] = {"like_logit": "like", "next_logit": "next"}
# smaller effects are negligible: stars, a percentage point, odds 5% higher or lower
NOTICEABLE: dict[Measure, float] = {"expected": 0.03, "like_logit": 0.05, "liked": 0.01, "next_logit": 0.05}
# what has a smaller effect is not named as a reason: what shows in one decimal of a rating, in three percentage points,
# and odds that are 10% higher or lower. On both datasets' made-up people half of all movies then have a reason by
# rating, and two thirds of them by the chance of being liked
CAUSE: dict[Measure, float] = {"expected": 0.1, "like_logit": math.log(1.1), "liked": 0.03, "next_logit": math.log(1.1)}
