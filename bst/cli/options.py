"""Options that several commands have."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.inference.ranking import ORDERS, POPULARITY_BANDS
from bst.timelines.splits import PROTOCOLS, protocol_name


def add_dataset_option(parser: argparse.ArgumentParser) -> None:
    """Add the dataset that a command is about."""
    parser.add_argument("--dataset", default="demo", help="a dataset's name, or the folder that holds one (demo)")


def add_own_dataset_option(parser: argparse.ArgumentParser) -> None:
    """Add the dataset of a bundle, where the name that the bundle gives does not lead to it."""
    parser.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")


def add_bundle_option(parser: argparse.ArgumentParser) -> None:
    """Add the bundle that a command is about."""
    parser.add_argument("--bundle", default="demo", help="a bundle's name under data/bundles, or its folder (demo)")


def add_protocol_option(
    parser: argparse.ArgumentParser, default: str, protocols: Mapping[str, str] = PROTOCOLS
) -> None:
    """Add the protocol; ``default``: what help says of it, ``protocols``: which ones, with their meanings."""
    explained = "; ".join(f"{name}: {meaning}" for name, meaning in protocols.items()).replace("%", "%%")
    parser.add_argument(
        "--protocol",
        type=protocol_name,
        choices=protocols,
        metavar=names_of(protocols),
        help=f"{explained} ({default})",
    )


def names_of(choices: Iterable[str]) -> str:
    """Return what argparse shows of choices in a usage line; former names are accepted, but not shown."""
    return f"{{{','.join(choices)}}}"


def add_visitor_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe the model and the visitor."""
    add_bundle_option(parser)
    parser.add_argument("--dataset", help="folder of the bundle's dataset, where it is not found by its name")
    parser.add_argument("--sex", choices=SEXES, help="unknown if not given")
    parser.add_argument("--age", type=int, choices=AGES, help="age group by its lowest age; unknown if not given")
    parser.add_argument("--occupation", metavar="WORD", help=f"unknown if not given; one of: {', '.join(OCCUPATIONS)}")
    parser.add_argument(
        "--about",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="what else is known of them, where a dataset of your own has other columns; as often as needed",
    )
    parser.add_argument(
        "--import",
        dest="import_file",
        type=Path,
        metavar="FILE",
        help="their own ratings, as Letterboxd, IMDb, MovieLens or Trakt exports them; --watched comes after these",
    )
    parser.add_argument("--take-unsure", action="store_true", help="take uncertain matches from that file, too")
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--day-first", action="store_true", help="read 4/3/2026 in that file as the 4th of March")
    order.add_argument("--month-first", action="store_true", help="read 4/3/2026 in that file as April 3rd")
    parser.add_argument(
        "--watched",
        action="append",
        default=[],
        metavar="'TITLE=STARS'",
        help="a movie that they watched, by title or id, and their rating; oldest first, as often as needed; "
        "the title alone where the dataset has no ratings",
    )
    parser.add_argument(
        "--seen",
        action="append",
        default=[],
        metavar="TITLE",
        help="a movie that they have seen and not rated: it is not recommended, and the model does not read it",
    )


def add_order_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what a list is ordered by."""
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in ORDERS.items())
    parser.add_argument(
        "--order", choices=ORDERS, help=f"what comes first (the first of these that the model supports; {meanings})"
    )
    parser.add_argument(
        "--weight", type=float, default=0.5, help="of order blend: 0 liked … 1 likely to be watched next (0.5)"
    )
    parser.add_argument(
        "--popularity-weight",
        "--fame-weight",
        type=float,
        default=1.0,
        metavar="WEIGHT",
        help="of order like: 0 their taste alone … 1 taste and popularity (1)",
    )


def add_list_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which movies are listed, and in which order."""
    add_order_options(parser)
    parser.add_argument("--diversity", type=float, default=0.0, help="how diverse the list is: 0 … 1 (0)")
    parser.add_argument("-k", type=int, default=10, help="how many to list (10)")
    parser.add_argument("--genre", action="append", default=[], help="only movies of this genre; several: any of them")
    parser.add_argument("--years", metavar="FROM-TO", help="only movies of these years, such as 1980-1999")
    parser.add_argument(
        "--popularity", "--fame", choices=POPULARITY_BANDS, help="only movies of this popularity, by their ratings"
    )
