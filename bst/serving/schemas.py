"""What a request is made of, as ``/docs`` shows it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from bst.inference.ranking import ORDERS

ItemReference = Annotated[StrictInt | StrictStr, Field(description="an item by its id, or by its title")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Body(BaseModel):
    # a name that is not known is a typing error: it must not be passed over
    model_config = ConfigDict(extra="forbid")


class EventBody(_Body):
    """One event of a history: an item, by id or title, and its rating."""

    item_id: StrictInt | None = Field(None, description="the item's id in its dataset")
    title: StrictStr | None = Field(None, description="its title, with or without the year; instead of the id")
    rating: float | None = Field(
        None, allow_inf_nan=False, description="one of the dataset's ratings; may be missing if it has only one"
    )
    timestamp: StrictInt | None = Field(None, ge=0, lt=2**53, description="seconds since 1970; missing if unknown")


class VisitorBody(_Body):
    """Who asks: what is known of them, and what they watched. Nothing of it is logged or written."""

    demographics: dict[StrictStr, StrictStr | StrictInt] = Field(
        default_factory=dict, description="what is known: name and value, such as sex, age, occupation"
    )
    history: list[EventBody] = Field(default_factory=list, description="from the oldest event to the newest")
    seen: list[ItemReference] = Field(
        default_factory=list, description="items that were seen and not rated: they are not recommended"
    )


VISITOR_EXAMPLE: Any = {
    "demographics": {"sex": "F", "age": 25},
    "history": [{"title": "Alien (1979)", "rating": 5}, {"title": "Casablanca", "rating": 3, "timestamp": 978300000}],
    "seen": ["M"],
}


class _Question(_Body):
    bundle: StrictStr | None = Field(None, description="which model; may be missing where the server has only one")
    visitor: VisitorBody = Field(default_factory=VisitorBody)


class RecommendBody(_Question):
    """A ranked list of what a visitor has not seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"visitor": VISITOR_EXAMPLE, "k": 5}]})
    k: int = Field(10, ge=1, description="how many to list")
    order: Literal[tuple(ORDERS)] | None = Field(  # type: ignore[valid-type]
        None, description="what comes first; the model's default if missing"
    )
    weight: Share = Field(0.5, description="of order blend: 0 liked … 1 likely to be watched next")
    popularity_weight: Share = Field(1.0, description="of order like: 0 their taste alone … 1 taste and popularity")
    diversity: Share = Field(0.0, description="how diverse the list is")
    genres: list[StrictStr] = Field(default_factory=list, max_length=100, description="only items of any of these")
    years: tuple[int, int] | None = Field(None, description="only items of these years: first and last")
    popularity: tuple[float, float] | None = Field(None, description="only this range of popularity, 0 … 1")
    include_seen: bool = Field(False, description="list what was seen, too")
    candidates: list[ItemReference] | None = Field(None, min_length=1, description="rank only these items")


class PredictBody(_Question):
    """What is predicted of some items for a visitor."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"visitor": VISITOR_EXAMPLE, "candidates": ["Aliens (1986)", "M"]}]},
    )
    candidates: list[ItemReference] = Field(min_length=1, description="the items")


class ExplainBody(_Question):
    """Why a rating is expected of one item."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"visitor": VISITOR_EXAMPLE, "candidate": "Aliens (1986)"}]},
    )
    candidate: ItemReference


# ---- answers, for the documentation alone: what is sent is what the command line prints


class EventAnswer(BaseModel):
    """An event as it was understood."""

    movie_id: int
    title: str
    rating: float
    timestamp: int | None = None


class VisitorAnswer(BaseModel):
    """The visitor as they were understood; known demographics stand beside the history."""

    model_config = ConfigDict(extra="allow")
    history: list[EventAnswer]
    seen: list[int] = []


class RowAnswer(BaseModel):
    """An item: probabilities are null for a model that does not predict them."""

    rank: int
    movie_id: int
    title: str
    expected_rating: float
    distribution: list[float] | None
    watch_next: float | None
    will_like: float | None


class PredictedAnswer(RowAnswer):
    """An item that was asked for; ``rank`` is that in the whole catalogue by expected rating."""

    seen: bool


class RecommendAnswer(BaseModel):
    """What ``python -m bst recommend --json`` prints."""

    bundle: str
    visitor: VisitorAnswer
    order: str
    weight: float
    diversity: float
    popularity_weight: float
    filters: dict[str, object]
    recommendations: list[RowAnswer]


class PredictAnswer(BaseModel):
    """What ``python -m bst predict --json`` prints."""

    bundle: str
    visitor: VisitorAnswer
    predictions: list[PredictedAnswer]


class ExplainAnswer(BaseModel):
    """What ``python -m bst explain --json`` prints."""

    model_config = ConfigDict(extra="allow")
    bundle: str
    visitor: VisitorAnswer
    movie_id: int
    title: str
    expected: float
    sentence: str
    trust: str


class ErrorDetail(BaseModel):
    """Why a request was refused."""

    kind: str
    message: str
    request_id: str


class ErrorAnswer(BaseModel):
    """What every refused request is answered with."""

    error: ErrorDetail
