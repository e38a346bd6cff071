"""The command ``index``: what finds candidates in a bundle's large catalogue."""

from bst.cli.commands import Commands
from bst.cli.options import add_bundle_option, add_own_dataset_option
from bst.cli.terminal import Answer, Options, say


def index(options: Options) -> Answer:
    """Build the index of a bundle's items ahead of the first list that needs it."""
    from bst.inference import index_store, ranking
    from bst.inference.recommender import Recommender

    recommender = Recommender.load(options.bundle, options.dataset)
    items, selection = len(recommender.catalogue), recommender.preselection
    built = False
    if selection is not None and selection.indexes is None:
        say(f"building the index of {items:,} items")
        selection.build()
        built = True
    folder = None if selection is None else index_store.folder_of(recommender.bundle)
    answer = {
        "bundle": recommender.bundle.name,
        "items": items,
        "needed": selection is not None,
        "least_items": ranking.MOST_WITHOUT_INDEX + 1,
        "built": built,
        "folder": None if folder is None else str(folder),
        "bytes": 0 if folder is None else sum(path.stat().st_size for path in folder.iterdir()),
    }
    return answer, _text


def _text(answer: dict) -> str:
    if not answer["needed"]:
        return (
            f"{answer['bundle']} needs no index: all of its {answer['items']:,} items are scored for each list, as in "
            f"every catalogue of fewer than {answer['least_items']:,}, and for models whose scores are no products"
        )
    done = "built" if answer["built"] else "there already"
    return f"the index of {answer['items']:,} items is {done}: {answer['folder']} ({answer['bytes'] / 1e6:,.0f} MB)"


# ---- options


def add_index(commands: Commands) -> None:
    """Add the command ``index``."""
    parser = commands.add(
        "index",
        index,
        "build the index by which lists of a large catalogue are made, ahead of the first one",
        "index --bundle demo",
    )
    add_bundle_option(parser)
    add_own_dataset_option(parser)
