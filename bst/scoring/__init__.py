"""The interface between a recommender and the models: what a scorer answers, and how histories are encoded."""
