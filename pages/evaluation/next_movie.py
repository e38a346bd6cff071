"""Three ways to ask for the next movie: this project's figures beside published ones, and what each way flatters."""

from functools import partial

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation.records import EvaluationRecord
from bst.presentation import charts
from bst.presentation.next_movie import OURS, QUESTIONS, figures_table, summary
from bst.text import percent
from pages.shared.widgets import chart_view
from pages.shared.wording import is_about_movies, say


def render(bundle: Bundle, record: EvaluationRecord) -> None:
    """Render the section. With simulated users there are no published figures, and none of other people are shown.

    Nor where the dataset is not about movies, as the figures are of MovieLens.
    """
    if not bundle.simulated and is_about_movies():
        _render_figures()
    if record.request_known and "hr@10" in record.metrics:
        known, unknown = percent(record.request_known["hr@10"]), percent(record.metrics["hr@10"])
        st.caption(
            f"The model shown here, on its own test users: {unknown} among the first ten, and {known} if it knows when "
            "it is asked."
        )


def _render_figures() -> None:
    table = figures_table()
    st.divider()
    st.header(say("Next movie: three questions, three figures"), anchor=False)
    st.markdown(f"On MovieLens 1M. {summary(table)} Figures of different questions must not be compared.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        words = "; ".join(f"{row.protocol}, {row.model}: {row.ndcg:.4f}" for row in table.itertuples(index=False))
        chart_view.show(
            partial(charts.next_movie_figures, table, OURS, chart_view.text_and_background()[0]),
            f"NDCG@10 by protocol and model: {words}",
            name=say("Next movie by protocol"),
            about=say(
                "NDCG@10 of the next movie on MovieLens 1M, by protocol: this project filled, published models open"
            ),
        )
        st.caption(
            f"Filled: {OURS.lower()}. Open: published models, as their authors or a comparison of others measured them."
        )
    with right:
        for question in QUESTIONS:
            st.markdown(f"**{question.question}** `{question.protocol}`  \n:small[{question.flatters}]")
    with st.expander("All figures and their sources", icon=":material/format_list_numbered:"):
        st.dataframe(
            table.rename(
                columns={
                    "protocol": "Protocol",
                    "model": "Model",
                    "ndcg": "NDCG@10",
                    "hr": "HR@10",
                    "source": "Source",
                }
            ),
            hide_index=True,
            column_config={
                "NDCG@10": st.column_config.NumberColumn(format="%.4f"),
                "HR@10": st.column_config.NumberColumn(format="%.4f"),
            },
            alt="NDCG@10 and HR@10 by protocol and model, with sources",
        )
