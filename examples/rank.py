"""A visitor and their list."""

# %% A bundle is a trained model with all that shows it; "demo" comes with the project.
import pandas as pd

from bst.inference.recommender import Recommender
from bst.schema import Visitor

recommender = Recommender.load("demo")
catalogue = recommender.catalogue

# %% A visitor: what is known of them, and what they watched, oldest first. Nothing of it is required.
visitor = Visitor(demographics={"sex": "F", "age": 25})
for title, stars in [("Casablanca (1942)", 4), ("Alien (1979)", 5), ("Blade Runner (1982)", 5)]:
    visitor = visitor.watched(catalogue.find(title), stars)

# %% Their list: what they have seen is not on it.
for one in recommender.rank(visitor, k=5):
    print(f"{one.rank:2}  {one.expected_rating:.2f} ★  {one.title}")

# %% The whole catalogue at once: expected ratings as an array, one number a movie.
expected = recommender.expected_ratings(visitor)
print(f"{len(expected):,} movies, expected ratings from {expected.min():.1f} to {expected.max():.1f} stars")

# %% As a table with the columns that RecTools takes; Microsoft Recommenders calls them userID, itemID and prediction.
recommendations = pd.DataFrame(
    {"user_id": "visitor", "item_id": one.movie_id, "score": one.will_like, "rank": one.rank}
    for one in recommender.rank(visitor, k=10)
)
print(recommendations.head(3).to_string(index=False))
