"""Several replicas of one training: how many there are, which of them this process runs, and sums over all of them.

TensorFlow's strategies are used for one thing, the all-reduce of gradients and a few numbers. Variables stay ordinary
ones: every process holds the whole model, starts from the same values, adds up the same gradients and so takes the
same steps. Optimisers and moving averages know nothing of a strategy. One class serves several processes
(``MultiWorkerMirroredStrategy``), several GPUs of one process (``MirroredStrategy``) and a process alone.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

CLUSTER = "TF_CONFIG"  # the environment variable in which TensorFlow looks for the cluster
# what the all-reduce sums without loss; every other type of number goes as one of them
_CARRIERS = {"f4": "float32", "f8": "float64", "f2": "float32"}


class Replicas:
    """``size`` replicas in all, of which this process runs ``local``, from number ``first`` on.

    ``worker`` of ``workers`` processes is this one. The chief, worker 0, fits what is fitted once, validates and writes
    files; ``broadcast`` and ``share`` give the others what it has. All processes must call these, ``run`` and the
    functions that ``run`` compiles in the same order, as each waits for all others.
    """

    def __init__(self, strategy: Any = None):
        self.strategy = strategy
        self.size = strategy.num_replicas_in_sync if strategy else 1
        self.local = len(strategy.extended.worker_devices) if strategy else 1
        self.workers = self.size // self.local
        resolver = strategy.cluster_resolver if strategy else None
        self.worker = (resolver.task_id or 0) if resolver and self.workers > 1 else 0
        self.first = self.worker * self.local
        self._sums: dict[str, Callable] = {}

    @classmethod
    def from_environment(cls) -> "Replicas":
        """Return those of the cluster in ``TF_CONFIG``; without it, those of ``of_devices``.

        Call it before any other operation of TensorFlow: its collective operations must be set up first. Raises
        ``RuntimeError`` or an error of TensorFlow's if that is too late or the cluster cannot be reached.
        """
        if os.environ.get(CLUSTER):
            return cls(tf.distribute.MultiWorkerMirroredStrategy())
        return cls.of_devices()

    @classmethod
    def of_devices(cls) -> "Replicas":
        """Return one for each GPU of this computer that is visible, if there are several; otherwise one."""
        several = len(tf.config.list_physical_devices("GPU")) > 1
        return cls(tf.distribute.MirroredStrategy() if several else None)

    @property
    def is_chief(self) -> bool:
        """Whether this process fits, validates and writes."""
        return self.worker == 0

    def run(self, function: Callable[[int], Any]) -> Any:
        """Call a function once for each replica of this process, with its number among them; return what one returned.

        All must return the same, as they do of sums. Within a ``tf.function`` the calls become one graph.
        """
        if self.strategy is None:
            return function(0)

        def of_replica() -> Any:
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group  # a constant of the graph
            return function(int(tf.get_static_value(replica)) - self.first)

        result = self.strategy.run(of_replica)
        return tf.nest.map_structure(lambda value: self.strategy.experimental_local_results(value)[0], result)

    def sum(self, tensors: list[Any]) -> list[Any]:
        """Return the sums of tensors over all replicas, within ``run``: the same to the last bit for all of them."""
        if self.strategy is None:
            return tensors
        # an argument of the graph around cannot be summed as it is: TensorFlow then does not know where it is
        values = [tf.identity(tensor) for tensor in tensors]
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)

    # ---- from the chief to all

    def broadcast(self, arrays: Mapping[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
        """Return the chief's named arrays of numbers, on all workers. What others pass is not looked at."""
        if self.workers == 1:
            return dict(arrays or {})
        mine = dict(arrays or {}) if self.is_chief else {}
        table = self.share([(name, array.dtype.str, array.shape) for name, array in mine.items()])
        result = {}
        for name, dtype, shape in table:
            carrier = _CARRIERS.get(dtype[1:], "int64")
            flat = mine[name].astype(carrier).ravel() if self.is_chief else np.zeros(int(np.prod(shape)), carrier)
            result[name] = self._sum(flat).astype(dtype).reshape(shape)
        return result

    def share(self, value: Any = None) -> Any:
        """Return the chief's value, anything that JSON can express, on all workers."""
        if self.workers == 1:
            return value
        text = np.frombuffer(json.dumps(value).encode() if self.is_chief else b"", np.uint8)
        length = int(self._sum(np.array([len(text)], np.int64))[0])
        padded = text.astype(np.int64) if self.is_chief else np.zeros(length, np.int64)
        return json.loads(self._sum(padded).astype(np.uint8).tobytes())

    def gather(self, number: int) -> list[int]:
        """Return the numbers of all workers, by worker."""
        row = np.zeros(self.workers, np.int64)
        row[self.worker] = number
        return [number] if self.workers == 1 else self._sum(row).tolist()

    def wait(self) -> None:
        """Return when all workers have called it."""
        self.gather(0)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of vectors (n,), of which each worker gives one; others of its replicas give none."""
        dtype = values.dtype.name
        if dtype not in self._sums:

            @tf.function(input_signature=[tf.TensorSpec((None,), dtype)], autograph=False)
            def total(vector: Any) -> Any:
                return self.run(lambda replica: self.sum([vector if replica == 0 else tf.zeros_like(vector)])[0])

            self._sums[dtype] = total
        return self._sums[dtype](tf.constant(values)).numpy() if len(values) else values
