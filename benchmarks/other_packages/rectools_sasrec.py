"""RecTools' SASRec with a softmax loss under ``last``: the whole catalogue is ranked, less what the user has rated.

    python benchmarks/other_packages/rectools_sasrec.py /tmp/last.npz --epochs 100 --folder /tmp/sasrec

It is trained on all but each user's last two events, keeps the weights with the lowest loss on the event before the
last, and then ranks the last one from the latest 200 events before it. Stopped at any moment, it goes on after the last
whole epoch when it is called again with the same folder.
"""

import tempfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from common import TEST, TRAIN, VALIDATION, Labels, Stopwatch, parser, ranking_figures, report
from pytorch_lightning import Trainer, seed_everything
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

K = 10


def interactions(labels: Labels) -> pd.DataFrame:
    """Return what is known before each user's last event; the place in the file stands for the time, as times tie."""
    user, movie, _ = labels.of(TRAIN, VALIDATION)
    day = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.arange(len(user)), unit="s")
    return pd.DataFrame({Columns.User: user, Columns.Item: movie, Columns.Weight: 1.0, Columns.Datetime: day})


def last_of_each(frame: pd.DataFrame) -> np.ndarray:
    """Mark the validation event: each user's latest."""
    return (frame.groupby(Columns.User)[Columns.Datetime].transform("max") == frame[Columns.Datetime]).to_numpy()


class ResumingTrainer(Trainer):
    """Goes on where the last checkpoint in its folder was written."""

    def __init__(self, folder: Path, **options):
        super().__init__(**options)
        self.last = folder / "last.ckpt"

    def fit(self, *arguments, **options) -> None:
        """Fit, from the checkpoint on if there is one."""
        super().fit(*arguments, **options, ckpt_path=str(self.last) if self.last.is_file() else None)


class Progress(Callback):
    """One line an epoch."""

    def __init__(self):
        self.watch = Stopwatch()

    def on_validation_epoch_end(self, trainer, module) -> None:
        """Say how far it has come."""
        loss = trainer.callback_metrics.get(module.val_loss_name, float("nan"))
        epoch, seconds = trainer.current_epoch + 1, self.watch.seconds()
        print(f"epoch {epoch}: validation loss {loss:.4f}, {seconds:.0f} s", flush=True)


def main() -> None:
    """Fit, rank and report."""
    command = parser(__doc__)
    command.add_argument("--epochs", type=int, default=60)
    command.add_argument("--minutes", type=int, help="to fit at most: the best epoch until then counts")
    command.add_argument("--patience", type=int, default=6, help="epochs without a lower validation loss")
    command.add_argument("--factors", type=int, default=64)
    command.add_argument("--blocks", type=int, default=2)
    command.add_argument("--heads", type=int, default=2)
    command.add_argument("--dropout", type=float, default=0.2)
    command.add_argument("--length", type=int, default=200)
    command.add_argument("--batch", type=int, default=64)
    command.add_argument("--negatives", type=int, default=0, help="for a sampled softmax; 0 for the whole catalogue")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--threads", type=int, default=1)
    command.add_argument("--folder", type=Path, help="for checkpoints: the same folder again resumes the training")
    options = command.parse_args()
    labels, watch = Labels.read(options.labels, "last"), Stopwatch()
    torch.set_num_threads(options.threads)
    seed_everything(options.seed)
    frame = interactions(labels)
    dataset = Dataset.construct(frame)
    with nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory() as folder:
        best = ModelCheckpoint(folder, monitor=SASRecModel.val_loss_name, mode="min", save_last=True)
        stop = EarlyStopping(SASRecModel.val_loss_name, mode="min", patience=options.patience)

        def trainer() -> Trainer:
            return ResumingTrainer(
                Path(folder),
                max_epochs=options.epochs,
                max_time={"minutes": options.minutes} if options.minutes else None,
                accelerator="cpu",
                logger=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
                callbacks=[best, stop, Progress()],
            )

        model = SASRecModel(
            n_blocks=options.blocks,
            n_heads=options.heads,
            n_factors=options.factors,
            dropout_rate=options.dropout,
            session_max_len=options.length,
            batch_size=options.batch,
            loss="sampled_softmax" if options.negatives else "softmax",
            n_negatives=options.negatives or 1,
            deterministic=True,
            get_val_mask_func=last_of_each,
            get_trainer_func=trainer,
            recommend_torch_device="cpu",
        )
        model.fit(dataset)
        epochs = int(model.fit_trainer.current_epoch)
        model.load_weights_from_checkpoint(model.fit_trainer.checkpoint_callback.best_model_path)
    fitted = watch.seconds()
    user, movie, _ = labels.of(TEST)
    listed = model.recommend(user, dataset, k=K, filter_viewed=True)
    target = pd.Series(movie, index=user)
    hits = listed[listed[Columns.Item].to_numpy() == target.loc[listed[Columns.User]].to_numpy()]
    # below the list is below the list: how far makes no difference to HR@K and NDCG@K
    place = np.full(labels.users, K + 1)
    place[hits[Columns.User]] = hits[Columns.Rank]
    seconds = {"fit_s": fitted, "rank_s": round(watch.seconds() - fitted, 1)}
    result = {
        name: getattr(options, name)
        for name in ("factors", "blocks", "heads", "dropout", "length", "batch", "negatives")
    }
    report("RecTools SASRec", labels, len(user), seconds, ranking_figures(place[user], K), epochs=epochs, **result)


if __name__ == "__main__":
    main()
