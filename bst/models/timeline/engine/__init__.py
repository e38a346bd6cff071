"""Inference with the timeline BST in NumPy: the numbers of the Keras model, without TensorFlow.

The Keras model is what is trained and saved; its ``call`` predicts every position of a timeline from the ones before
it. In the app one visitor waits for a whole catalogue, so histories are encoded once and candidates are scored against
them. Plain NumPy is ready as soon as the weights are read, where TensorFlow takes seconds to be imported and to trace
graphs, and for a model this small it is faster: see ``docs/engine.md``. What saves work, none of which changes a number
beyond rounding:

- the features of movies, which no visitor changes, are computed once for a model (``rating_tower.RatingInference``);
- of the last layer of the next and like towers only the newest state is computed
  (``catalogue_towers.CatalogueInference``);
- few candidates attend to a context that is never projected (``block.Block.call_few``);
- for a whole catalogue, projections are multiplied into keys and values, and parts of the catalogue are scored side by
  side (``catalogue``);
- histories with a common prefix share the keys and values of their prefix (``cache.KVCache``, ``prefix_cache``).

Gains of norms are multiplied into the kernels behind them when a model is loaded. Modules that import NumPy through
``autograd`` can be differentiated, for integrated gradients.

Shapes: B timelines, T events, H heads, D width, L rating levels, F factors, M movies of the catalogue, N candidates, K
tokens that are attended to, S tokens that are run through the layers, P tokens of a prefix before them.
"""
