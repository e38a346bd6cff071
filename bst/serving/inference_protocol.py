"""Health and metadata as the Open Inference Protocol (version 2) has them, which load balancers and platforms ask for.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md

Its ``infer`` is not offered: a visitor is no tensor. The inputs and outputs that a model names are those of the
signature of ``python -m bst export --format saved-model``, for servers of tensors.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter

from bst.serving.models import ServedModel, ServedModels
from bst.serving.refusals import NOT_FOUND, Refusal

SERVER = "bst-studio"
PLATFORM = "bst_numpy"
ANY = -1


def router(models: ServedModels) -> APIRouter:
    """Return the addresses below ``/v2``."""
    routes = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @routes.get("")
    async def server() -> dict[str, Any]:
        """Name the server."""
        return {"name": SERVER, "version": _version(), "extensions": []}

    @routes.get("/health/live")
    async def live() -> dict[str, bool]:
        """Say that the process answers."""
        return {"live": True}

    @routes.get("/health/ready")
    async def ready() -> dict[str, bool]:
        """Say that all models are loaded: a process listens no earlier."""
        return {"ready": True}

    @routes.get("/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        """Describe a model; its version is the fingerprint of its weights."""
        return metadata(models.get(name))

    @routes.get("/models/{name}/ready")
    async def model_ready(name: str) -> dict[str, Any]:
        """Say that a model is loaded."""
        return {"name": models.get(name).name, "ready": True}

    @routes.get("/models/{name}/versions/{version}")
    async def model_version(name: str, version: str) -> dict[str, Any]:
        """Describe a version of a model: there is one."""
        return metadata(_of_version(models, name, version))

    @routes.get("/models/{name}/versions/{version}/ready")
    async def model_version_ready(name: str, version: str) -> dict[str, Any]:
        """Say that a version of a model is loaded."""
        return {"name": _of_version(models, name, version).name, "ready": True}

    return routes


def metadata(model: ServedModel) -> dict[str, Any]:
    """Return the metadata of a model, as the protocol has it; ``parameters`` are its own."""
    bundle = model.recommender.bundle
    levels = len(bundle.levels)
    outputs = [_tensor("expected", "FP32", ANY, ANY), _tensor("distribution", "FP32", ANY, ANY, levels)]
    outputs = outputs if model.predicts_distribution else outputs[:1]
    outputs += [_tensor(f"{task}_logit", "FP32", ANY, ANY) for task in bundle.config.tasks if task != "rating"]
    return {
        "name": bundle.name,
        "versions": [bundle.weights_sha256],
        "platform": PLATFORM,
        "inputs": [
            _tensor("item_id", "INT64", ANY, ANY),
            _tensor("rating", "FP32", ANY, ANY),
            _tensor("timestamp", "INT64", ANY, ANY),
            _tensor("candidates", "INT64", ANY),
        ],
        "outputs": outputs,
        "parameters": {
            "weights_sha256": bundle.weights_sha256,
            "title": bundle.title,
            "dataset": bundle.dataset,
            "simulated": bundle.simulated,
            "tasks": list(bundle.config.tasks),
            "levels": list(bundle.levels),
            "max_history": bundle.config.max_history,
            "items": bundle.sizes.movies,
        },
    }


def _of_version(models: ServedModels, name: str, version: str) -> ServedModel:
    model = models.get(name)
    if version != model.version:
        raise Refusal(NOT_FOUND, f"bundle {name} has no such version here; it has {model.version}")
    return model


def _tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def _version() -> str:
    try:
        return version(SERVER)
    except PackageNotFoundError:  # it runs from its folder
        return "0"
