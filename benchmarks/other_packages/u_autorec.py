"""U-AutoRec under ``visitor``: an autoencoder of users' ratings, asked after every prefix of a history.

    python benchmarks/other_packages/u_autorec.py /tmp/visitor-0.npz --out /tmp/u-autorec-0.npz

Sedhain et al., WWW 2015: r̂ = W g(V r + μ) + b, without a user id. Here r are residuals of the earlier ratings, 0 where
there is none, and in training a random prefix of each timeline is read and the rest is predicted, as for the labels.
The best epoch on the validation users counts. Needs PyTorch.
"""

import numpy as np
import torch
from common import TRAIN, VALIDATION, Labels, Stopwatch, keep_predictions, parser, report


class AutoRec(torch.nn.Module):
    """r̂ = W g(V r / √(n + 1) + μ) + b, of one user's residuals r: n of them so far."""

    def __init__(self, movies: int, hidden: int, dropout: float):
        super().__init__()
        self.encode = torch.nn.Parameter(torch.randn(movies, hidden) * 0.01)
        self.bias = torch.nn.Parameter(torch.zeros(hidden))
        self.decode = torch.nn.Parameter(torch.randn(movies, hidden) * 0.01)
        self.offset = torch.nn.Parameter(torch.zeros(movies))
        self.dropout = torch.nn.Dropout(dropout)

    def hidden(self, summed: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Return the hidden layer (…, H) from Σ r V over the earlier ratings (…, H) and their number (…,)."""
        return self.dropout(torch.sigmoid(summed / torch.sqrt(count + 1)[..., None] + self.bias))

    def forward(self, movie: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """Predict each event of one timeline from the ones before it: (T,)."""
        told = self.encode[movie] * residual[:, None]
        before = torch.cumsum(told, 0) - told
        hidden = self.hidden(before, torch.arange(len(movie), dtype=torch.float32))
        return (hidden * self.decode[movie]).sum(1) + self.offset[movie]


def main() -> None:
    """Fit, predict and report."""
    command = parser(__doc__, keeps=True)
    command.add_argument("--hidden", type=int, default=200)
    command.add_argument("--epochs", type=int, default=30)
    command.add_argument("--patience", type=int, default=3, help="epochs without a lower validation error")
    command.add_argument("--rate", type=float, default=2e-3)
    command.add_argument("--decay", type=float, default=1e-2, help="weight decay")
    command.add_argument("--dropout", type=float, default=0.3)
    command.add_argument("--batch", type=int, default=16, help="timelines in a step")
    options = command.parse_args()
    labels, watch = Labels.read(options.labels, "visitor"), Stopwatch()
    torch.set_num_threads(1)
    torch.manual_seed(labels.seed)
    residual, mean = labels.residuals()
    offsets = labels.offsets
    movie, target = torch.from_numpy(labels.movie.astype(np.int64)), torch.from_numpy(residual.astype(np.float32))
    spans = [slice(offsets[u], offsets[u + 1]) for u in range(labels.users)]
    part_of = labels.part[offsets[:-1]]
    model = AutoRec(labels.movies, options.hidden, options.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), options.rate, weight_decay=options.decay)
    best, best_stars, waited, rng = np.inf, None, 0, np.random.default_rng(labels.seed)
    epoch = 0
    for epoch in range(1, options.epochs + 1):
        model.train()
        order = rng.permutation(np.flatnonzero(part_of == TRAIN))
        for first in range(0, len(order), options.batch):
            errors = [
                model(movie[spans[u]], target[spans[u]]) - target[spans[u]]
                for u in order[first : first + options.batch]
            ]
            loss = torch.cat(errors).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        stars = np.zeros(len(labels.user))
        with torch.no_grad():
            for u in np.flatnonzero(part_of != TRAIN):
                stars[spans[u]] = mean[labels.movie[spans[u]]] + model(movie[spans[u]], target[spans[u]]).numpy()
        chosen = labels.part == VALIDATION
        error = np.sqrt(np.mean((np.clip(stars[chosen], 1, 5) - labels.rating[chosen]) ** 2))
        print(f"epoch {epoch}: validation RMSE {error:.4f}, {watch.seconds():.0f} s", flush=True)
        waited = 0 if error < best else waited + 1
        if error < best:
            best, best_stars = error, stars
        if waited >= options.patience:
            break
    settings = {name: getattr(options, name) for name in ("hidden", "rate", "decay", "dropout", "batch")}
    figures = keep_predictions(options.out, labels, best_stars)
    count = int((labels.part != TRAIN).sum())
    report("U-AutoRec", labels, count, {"seconds": watch.seconds()}, figures, epochs=epoch, **settings)


if __name__ == "__main__":
    main()
