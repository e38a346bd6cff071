"""What if the visitor had rated one movie otherwise?"""

# %% The same visitor twice: once as they are, once with one star where there were five.
from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.what_if import Goal, compare, find_counterfactuals
from bst.what_if.instructions import instruction

recommender = Recommender.load("demo")
catalogue = recommender.catalogue
alien, brazil = catalogue.find("Alien (1979)"), catalogue.find("Brazil (1985)")
visitor = Visitor().watched(catalogue.find("Casablanca (1942)"), 4).watched(alien, 5)
changed = visitor.rated(alien, 1)

# %% What moves, in a sentence and as a table.
comparison = compare(recommender, visitor, changed)
print(comparison.describe(catalogue.title))
print(comparison.losses(k=3).to_string(index=False))

# %% The other way round: the smallest changes that bring a movie among the first ten.
goal = Goal(brazil, "top", 10, above=True)
search = find_counterfactuals(recommender, visitor, goal)
for counterfactual in search.counterfactuals[:3]:
    print(" and ".join(instruction(edit, visitor, catalogue.title) for edit in counterfactual.edits))
