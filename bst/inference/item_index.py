"""An index of items: those with the largest products with a visitor's vector, without looking at all of them.

Items lie in lists around centres (an inverted file; Jégou et al., TPAMI 33(1), 2011), and a search looks at the lists
nearest to the visitor. Nearness is a distance, and what is wanted is a product: with one dimension
more, √(max ‖x‖² − ‖x‖²) in items and 0 in visitors, the largest product is the shortest distance (Bachrach et al.,
RecSys 2014). ``benchmarks/retrieval.py`` compares it with other ways; faiss, which is optional, does the work.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bst.optional import require

PURPOSE = "An index of a large catalogue"
# lists: this many times √items, each of at least this many items, fitted to a sample of this many items a list
LISTS_A_ROOT, LEAST_ITEMS, TRAINED_A_LIST = 2.0, 40, 50
# share of the lists that a search looks at; more where a filter leaves fewer items
SEARCHED = 1 / 8
SEED = 2


def _faiss() -> ModuleType:
    faiss = require("faiss", PURPOSE)
    faiss.omp_set_num_threads(1)  # of this thread: several sessions search at once
    return faiss


class ItemIndex:
    """Finds items by the products of their vectors with a query. ``index``: of faiss."""

    def __init__(self, index: Any):
        self._index = index

    def __len__(self) -> int:
        """Return the number of items."""
        return self._index.ntotal

    @classmethod
    def build(cls, items: np.ndarray) -> "ItemIndex":
        """Return an index of items (M, d) float32. Raises ``MissingPackageError`` without faiss."""
        faiss = _faiss()
        length = np.einsum("nd,nd->n", items, items)
        points = np.empty((len(items), items.shape[1] + 1), np.float32)
        points[:, :-1] = items
        points[:, -1] = np.sqrt(np.maximum(length.max(initial=0) - length, 0))
        lists = int(np.clip(LISTS_A_ROOT * np.sqrt(len(items)), 1, max(len(items) // LEAST_ITEMS, 1)))
        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(points.shape[1]), points.shape[1], lists)
        index.cp.seed, index.cp.min_points_per_centroid = SEED, 1
        count = min(len(items), lists * TRAINED_A_LIST)
        sample = np.random.default_rng(SEED).choice(len(items), count, replace=False)
        index.train(points[np.sort(sample)])
        index.add(points)
        return cls(index)

    def search(self, query: np.ndarray, count: int, allowed: np.ndarray | None = None) -> np.ndarray:
        """Return the rows of the ``count`` items with the largest products, about the best first: int64, or fewer.

        ``query`` (d,) float32. ``allowed`` bool (M,): which items to look for, None for all.
        """
        faiss, lists = _faiss(), self._index.nlist
        share, options = 1.0, {}
        if allowed is not None:
            share = max(int(allowed.sum()), 1) / len(allowed)
            bits = np.packbits(allowed, bitorder="little")  # kept until the search is over
            options["sel"] = faiss.IDSelectorBitmap(bits)
        probes = int(np.clip(np.ceil(SEARCHED * lists / share), 1, lists))
        parameters = faiss.SearchParametersIVF(nprobe=probes, **options)
        point = np.append(query, 0).astype(np.float32)[None]
        found = self._index.search(point, min(count, len(self)), params=parameters)[1][0]
        return found[found >= 0]

    def write(self, path: Path) -> None:
        """Write the index to a file. Raises ``OSError``."""
        faiss = _faiss()
        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:
            raise OSError(f"{path} cannot be written: {error}") from error

    @classmethod
    def read(cls, path: Path) -> "ItemIndex":
        """Open what ``write`` wrote; programs that open the same file share its memory. Raises ``OSError``."""
        faiss = _faiss()
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
            # by default each search starts threads that read ahead: three times the time, as nothing comes from a disk
            faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
        except (RuntimeError, AttributeError) as error:
            raise OSError(f"{path} cannot be read: {error}") from error
        return cls(index)
