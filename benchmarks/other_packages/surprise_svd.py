"""Surprise's SVD (tuned or as it comes) and SVD++ under ``windows``.

    python benchmarks/other_packages/surprise_svd.py /tmp/windows-0.npz --model svd-tuned
    python benchmarks/other_packages/surprise_svd.py /tmp/windows-0.npz --model svdpp

Both learn all ratings but the test labels: so they know what each user rated after the label, which our models do not.
"""

import numpy as np
from common import TEST, TRAIN, VALIDATION, Labels, Stopwatch, parser, rating_figures, report
from surprise import SVD, SVDpp, Trainset

MODELS = {
    "svd": (SVD, {}),
    "svd-tuned": (SVD, {"n_factors": 100, "n_epochs": 40, "reg_all": 0.05}),
    "svdpp": (SVDpp, {"cache_ratings": True}),
}


def trainset(labels: Labels) -> Trainset:
    """Return what may be learned as Surprise wants it, without the round trip through text ids."""
    of_user, of_movie = {}, {}
    inner_user, inner_movie = {}, {}
    user, movie, rating = (values.tolist() for values in labels.of(TRAIN, VALIDATION))
    for u, m, r in zip(user, movie, rating, strict=True):
        u, m = inner_user.setdefault(u, len(inner_user)), inner_movie.setdefault(m, len(inner_movie))
        of_user.setdefault(u, []).append((m, r))
        of_movie.setdefault(m, []).append((u, r))
    return Trainset(of_user, of_movie, len(inner_user), len(inner_movie), len(rating), (1, 5), inner_user, inner_movie)


def main() -> None:
    """Fit, predict and report."""
    command = parser(__doc__)
    command.add_argument("--model", choices=sorted(MODELS), default="svd-tuned")
    command.add_argument("--epochs", type=int, help="other than the model's own")
    options = command.parse_args()
    labels = Labels.read(options.labels, "windows")
    kind, settings = MODELS[options.model]
    if options.epochs:
        settings = settings | {"n_epochs": options.epochs}
    watch = Stopwatch()
    model = kind(random_state=labels.seed, **settings).fit(trainset(labels))
    fitted = watch.seconds()
    user, movie, rating = labels.of(TEST)
    predicted = [model.predict(u, m).est for u, m in zip(user.tolist(), movie.tolist(), strict=True)]
    seconds = {"fit_s": fitted, "predict_s": round(watch.seconds() - fitted, 1)}
    report(
        f"surprise {options.model}",
        labels,
        len(rating),
        seconds,
        rating_figures(np.array(predicted), rating),
        epochs=model.n_epochs,
    )


if __name__ == "__main__":
    main()
