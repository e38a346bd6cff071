"""The commands, put together: each adds itself and its options beside what it does."""

from bst.cli import (
    curves,
    data,
    evaluate,
    explain,
    export,
    index,
    insights,
    model,
    prepare,
    report,
    score,
    serve,
    visitor,
    what_if,
)
from bst.cli.commands import Commands, Parser

# in the order in which --help lists them
ADD = (
    data.add_datasets,
    data.add_download,
    data.add_import,
    data.add_simulate,
    prepare.add_prepare,
    model.add_presets,
    model.add_train,
    evaluate.add_evaluate,
    report.add_report,
    curves.add_curves,
    score.add_score,
    index.add_index,
    visitor.add_recommend,
    visitor.add_predict,
    explain.add_explain,
    insights.add_insights,
    what_if.add_whatif,
    what_if.add_counterfactual,
    serve.add_serve,
    export.add_export,
)


def make_parser() -> Parser:
    """Return the parser; ``options.run`` is the command to run."""
    parser = Parser(
        prog="python -m bst",
        description="See what a Transformer movie recommender does and why.",
        epilog="Start with: python -m bst recommend --bundle demo --watched 'The Matrix=5'",
    )
    commands = Commands(parser)
    for add in ADD:
        add(commands)
    return parser
