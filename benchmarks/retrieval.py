"""Finding the best of 1 million items: hnswlib, faiss and usearch beside exact search, in one run.

    python benchmarks/retrieval.py --bundle ml-1m                # a quarter of an hour
    python benchmarks/retrieval.py --items 200000 --methods exact,faiss-ivf

Items are those of the bundle's next tower, drawn with replacement, with noise of half of their standard deviation
added to vectors and biases, so that the geometry is that of a trained tower. Queries are the states of real users
after up to 50 events. The bias is one more dimension of an item, where each query has a constant. Another one turns
the largest product into the shortest distance (Bachrach et al., RecSys 2014): √(max ‖x‖² − ‖x‖²), 0 in queries. All
approximate methods search so, but for ``hnswlib-ip``, a graph of inner products, which shows what happens otherwise.

Each method runs in a process of its own, with one thread; recall is the share of the exact best k that are among the
k found.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

NOISE = 0.5
QUERIES, EVENTS = 100, 50
DEPTHS = (100, 1000)
EXACT_SIZES = (20_000, 100_000, 300_000, 1_000_000)
PADDED = 72  # dimensions that product quantisation divides into 24 parts of 3
LISTS = 2048  # of an inverted file
TRAINED_ON = 100_000  # items that the lists are fitted to
LINKS, EFFORT = 16, 100  # of a graph: links an item, candidates looked at while it is built
EFFORTS, PROBES = (400, 1500, 3000), (32, 128, 512)  # candidates looked at, and lists, in a search
Search = Callable[[np.ndarray, int], np.ndarray]


def make_items(vectors: np.ndarray, bias: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Return ``count`` items as (count, D + 1) float32, the bias last, drawn from those of a trained tower."""
    rng = np.random.default_rng(seed)
    known = np.column_stack([vectors, bias]).astype(np.float32)
    source = np.concatenate([np.arange(len(known)), rng.integers(0, len(known), max(count - len(known), 0))])[:count]
    items = known[source]
    noise = rng.standard_normal(items.shape, np.float32) * (NOISE * known.std(axis=0))
    noise[: len(known)] = 0
    return items + noise


def make_queries(bundle: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors (M, D), biases (M,) of the bundle's next tower and states (Q, D) of real users."""
    from bst.bundles.bundle import open_bundle
    from bst.datasets import load
    from bst.models.timeline.engine.catalogue_towers import CatalogueInference
    from bst.models.weights import as_tree
    from bst.timelines.arrays import build_timelines
    from bst.timelines.segments import SegmentReader, Segments

    opened = open_bundle(bundle)
    dataset = load(opened.dataset)
    tree = as_tree(opened.load_weights(dataset.movies))
    tower = CatalogueInference(tree.next, opened.config.next, opened.config.train_length)
    timelines = build_timelines(dataset)
    users = np.random.default_rng(1).choice(len(dataset.users), QUERIES, replace=False)
    length = np.minimum(timelines.lengths[users], EVENTS)
    zeros = np.zeros(len(users), np.int64)
    segments = Segments(timelines.offsets[users], length, users, zeros)
    batch, _ = SegmentReader(dataset, timelines).read(segments, np.ones(len(timelines.movie), bool))
    states, _ = tower.encode(batch)
    return tower.movie_vectors, tree.next.popularity, states


def as_neighbours(items: np.ndarray) -> np.ndarray:
    """Return items with one dimension more, so that the largest product is the shortest distance."""
    length = np.einsum("nd,nd->n", items, items)
    return np.column_stack([items, np.sqrt(np.maximum(length.max() - length, 0))]).astype(np.float32)


# ---- the methods: items (M, D + 1) → a name for the setting and a search each


def exact(items: np.ndarray):
    """A product with all items, and a partial sort."""

    def search(queries: np.ndarray, k: int) -> np.ndarray:
        score = items @ queries[0]
        return np.argpartition(-score, k)[None, :k]

    yield "float32, BLAS", search, items.nbytes


def exact_batch(items: np.ndarray):
    """The same for 32 queries together."""

    def search(queries: np.ndarray, k: int) -> np.ndarray:
        return np.argpartition(-(queries @ items.T), k, axis=1)[:, :k]

    yield "float32, BLAS, 32 queries together", search, items.nbytes


def _faiss(kind: str, items: np.ndarray):
    import faiss

    faiss.omp_set_num_threads(1)
    d = items.shape[1]
    if kind == "sq8":
        return faiss.IndexScalarQuantizer(d, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(d, LINKS)
        index.hnsw.efConstruction = EFFORT
        return index
    coarse = faiss.IndexFlatL2(d)
    if kind == "ivf":
        index = faiss.IndexIVFFlat(coarse, d, LISTS)
    elif kind == "ivf-sq8":
        index = faiss.IndexIVFScalarQuantizer(coarse, d, LISTS, faiss.ScalarQuantizer.QT_8bit)
    else:
        index = faiss.IndexIVFPQ(coarse, d, LISTS, 24, 8)
    return index


def faiss_method(kind: str, settings: tuple[int, ...]):
    """Return a method of faiss; ``settings``: lists looked at (IVF), or candidates kept (HNSW)."""

    def method(items: np.ndarray):
        import faiss

        if kind != "sq8":
            items = as_neighbours(items)
        if kind == "ivf-pq":
            items = np.pad(items, ((0, 0), (0, PADDED - items.shape[1])))
        index = _faiss(kind, items)
        if not index.is_trained:
            sample = np.random.default_rng(2).choice(len(items), min(len(items), TRAINED_ON), replace=False)
            index.train(items[np.sort(sample)])
        index.add(items)
        size = len(faiss.serialize_index(index))
        for setting in settings or (0,):
            if kind == "hnsw":
                index.hnsw.efSearch = setting
            elif kind.startswith("ivf"):
                index.nprobe = setting

            def search(queries: np.ndarray, k: int) -> np.ndarray:
                queries = np.pad(queries, ((0, 0), (0, items.shape[1] - queries.shape[1])))
                return index.search(queries, k)[1]

            yield {"hnsw": f"ef {setting}", "sq8": "int8, all items"}.get(kind, f"nprobe {setting}"), search, size

    return method


def hnswlib_method(space: str):
    """Return a graph, by distance or by inner product."""

    def method(items: np.ndarray):
        import hnswlib

        items = as_neighbours(items) if space == "l2" else items
        index = hnswlib.Index(space=space, dim=items.shape[1])
        index.init_index(max_elements=len(items), ef_construction=EFFORT, M=LINKS)
        index.set_num_threads(1)
        index.add_items(items, num_threads=1)
        for ef in EFFORTS:

            def search(queries: np.ndarray, k: int, ef: int = ef) -> np.ndarray:
                index.set_ef(max(ef, k))
                queries = np.pad(queries, ((0, 0), (0, items.shape[1] - queries.shape[1])))
                return index.knn_query(queries, k, num_threads=1)[0].astype(np.int64)

            yield f"ef {ef}", search, len(items) * (items.shape[1] * 4 + LINKS * 8 + 16)

    return method


def usearch_method(dtype: str):
    """Return a graph by inner product, whose vectors are stored as ``dtype``."""

    def method(items: np.ndarray):
        from usearch.index import Index

        items = as_neighbours(items)
        index = Index(
            ndim=items.shape[1],
            metric="l2sq",
            dtype=dtype,
            connectivity=LINKS,
            expansion_add=EFFORT,
            expansion_search=100,
        )
        index.add(np.arange(len(items)), items, threads=1)
        for ef in EFFORTS:

            def search(queries: np.ndarray, k: int, ef: int = ef) -> np.ndarray:
                index.expansion_search = max(ef, k)
                queries = np.pad(queries, ((0, 0), (0, items.shape[1] - queries.shape[1])))
                return np.asarray(index.search(queries, k, threads=1).keys).reshape(len(queries), -1).astype(np.int64)

            yield f"ef {ef}", search, index.memory_usage

    return method


METHODS = {
    "exact": exact,
    "exact-batch": exact_batch,
    "faiss-sq8": faiss_method("sq8", ()),
    "faiss-ivf": faiss_method("ivf", PROBES),
    "faiss-ivf-sq8": faiss_method("ivf-sq8", PROBES),
    "faiss-ivf-pq": faiss_method("ivf-pq", PROBES),
    "hnswlib": hnswlib_method("l2"),
    "usearch-f16": usearch_method("f16"),
    "faiss-hnsw": faiss_method("hnsw", EFFORTS),
    "hnswlib-ip": hnswlib_method("ip"),
}


def run(method: str, folder: Path, count: int) -> list[dict]:
    """Measure one method in this process; the items, queries and exact answers are in ``folder``."""
    items = np.load(folder / "items.npy")[:count]
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / f"truth-{count}.npy")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, wall = time.process_time(), time.perf_counter()
    rows = []
    together = 32 if method == "exact-batch" else 1
    for setting, search, size in METHODS[method](items):
        if not rows:
            built, built_wall = time.process_time() - began, time.perf_counter() - wall
        row = {"method": method, "setting": setting, "items": count, "build_s": round(built, 2)}
        row |= {"build_wall_s": round(built_wall, 2), "index_mb": round(size / 1e6, 1)}
        for k in DEPTHS:
            search(queries[:together], k)
            began = time.process_time()
            found = [search(queries[i : i + together], k) for i in range(0, len(queries), together)]
            row[f"cpu_ms_{k}"] = round((time.process_time() - began) * 1000 / len(queries), 3)
            hits = [len(np.intersect1d(one, best[:k])) for one, best in zip(np.concatenate(found), truth, strict=True)]
            row[f"recall_{k}"] = round(float(np.mean(hits)) / k, 4)
        row["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0)
        row["peak_before_mb"] = round(before / 1024, 0)
        rows.append(row)
    return rows


def measure(bundle: str, items: int, methods: list[str]) -> dict:
    """Return the figures of all methods."""
    vectors, bias, states = make_queries(bundle)
    sizes = sorted({size for size in EXACT_SIZES if size < items} | {items})
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        everything = make_items(vectors, bias, items)
        # a bias as large as what a state adds in one dimension: no direction then dominates distances
        constant = float(np.sqrt(np.mean(states**2)))
        everything[:, -1] /= constant
        queries = np.column_stack([states, np.full(len(states), constant)]).astype(np.float32)
        np.save(folder / "items.npy", everything)
        np.save(folder / "queries.npy", queries)
        for size in sizes:
            best = []
            for query in queries:
                score = everything[:size] @ query
                top = np.argpartition(-score, max(DEPTHS))[: max(DEPTHS)]
                best.append(top[np.argsort(-score[top])])
            np.save(folder / f"truth-{size}.npy", np.array(best))
        del everything
        for method in methods:
            for size in sizes if method.startswith("exact") else sizes[-1:]:
                rows += _in_process(method, folder, size)
    return {
        "command": f"python benchmarks/retrieval.py --bundle {bundle} --items {items}",
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "dimensions": int(queries.shape[1]),
        "queries": len(queries),
        "threads": 1,
        "packages": {name: metadata.version(name) for name in ("hnswlib", "faiss-cpu", "usearch", "numpy")},
        "rows": rows,
    }


def _in_process(method: str, folder: Path, size: int) -> list[dict]:
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, __file__, "--run", method, "--folder", str(folder), "--items", str(size)]
    done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return [{"method": method, "items": size, "failed": done.stderr.strip().splitlines()[-1][:200]}]
    rows = json.loads(done.stdout)
    for row in rows:
        print(json.dumps(row), file=sys.stderr, flush=True)
    return rows


def main() -> None:
    """Measure, print a table, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="ml-1m")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--methods", default=",".join(METHODS), help="some of them, with commas (default: all)")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "retrieval.json")
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(options.run, options.folder, options.items)))
        return
    result = measure(options.bundle, options.items, options.methods.split(","))
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print("| method | setting | items | build s | MB | ms@100 | recall@100 | ms@1000 | recall@1000 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in result["rows"]:
        if "failed" in row:
            print(f"| {row['method']} | {row['failed']} |")
            continue
        cells = [row["method"], row["setting"], f"{row['items']:,}", row["build_s"], row["index_mb"]]
        cells += [row[name] for k in DEPTHS for name in (f"cpu_ms_{k}", f"recall_{k}")]
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
