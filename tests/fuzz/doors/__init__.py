"""The ways in, by name: what is read from outside."""

from tests.fuzz.door import Door
from tests.fuzz.doors.bundles import Bundles
from tests.fuzz.doors.command_line import CommandLine
from tests.fuzz.doors.csv_export import CsvExport
from tests.fuzz.doors.datasets import Datasets
from tests.fuzz.doors.downloads import Downloads
from tests.fuzz.doors.environment import Environment
from tests.fuzz.doors.imports import Imports
from tests.fuzz.doors.links import Links
from tests.fuzz.doors.own_data import OwnData
from tests.fuzz.doors.preparation import Logs, Stores
from tests.fuzz.doors.report import Report
from tests.fuzz.doors.stories import Stories
from tests.fuzz.doors.weights import Weights

DOORS: dict[str, type[Door]] = {
    door.name: door
    for door in (
        Datasets,
        OwnData,
        Downloads,
        Imports,
        Links,
        Stories,
        Bundles,
        Weights,
        CommandLine,
        Environment,
        Report,
        CsvExport,
        Logs,
        Stores,
    )
}
