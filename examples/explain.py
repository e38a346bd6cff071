"""What moved one prediction, by three methods that know nothing of each other."""

# %%

from bst.explanation import attention, leave_one_out
from bst.explanation.agreement import spearman
from bst.inference.recommender import Recommender
from bst.schema import Visitor

recommender = Recommender.load("demo")
catalogue = recommender.catalogue
visitor = Visitor()
for title, stars in [
    ("Casablanca (1942)", 2),
    ("Toy Story (1995)", 3),
    ("Blade Runner (1982)", 5),
    ("Alien (1979)", 5),
]:
    visitor = visitor.watched(catalogue.find(title), stars)
movie = catalogue.find("Brazil (1985)")
print(f"{catalogue.title(movie)}: {recommender.expected_ratings(visitor, [movie])[0]:.2f} stars expected")

# %% Without each of the four: by how much the expected rating would be lower.
lowered = leave_one_out(recommender, visitor, movie).event_effects.expected

# %% Where the attention of the prediction lies: heads averaged.
weights = attention(recommender, visitor, movie).weights.to_events.mean(axis=0)

# %% Integrated gradients: along the way from an unknown visitor to this one, what each event adds.
gradients = recommender.integrated_gradients(visitor, movie).event_effects

# %% Side by side. Attention shows where a model looked, not why: it need not agree with the other two.
print(f"{'':22}left out  attention  gradients")
for event, *row in zip(visitor.history, lowered, weights, gradients, strict=True):
    print(f"{catalogue.title(event.movie_id):22}{row[0]:+8.2f}  {row[1]:9.0%}  {row[2]:+9.2f}")
print(f"rank correlation of the first and the last: {spearman(lowered, gradients):.1f}")
