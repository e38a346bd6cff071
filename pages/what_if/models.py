"""Two models on the same visitor: both lists, where they disagree, and what each says of one movie."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.bundles.bundle import Bundle
from bst.evaluation import measure, user_results
from bst.evaluation.compare import compare
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommender
from bst.models.registry import preset_title
from bst.presentation import charts
from bst.schema import Visitor
from bst.text import count, ordinal, signed, span
from bst.what_if import ModelComparison, compare_models, strongest_reason
from pages.shared import other_models, pages, resources
from pages.shared.format import escape_markdown, stars, whole_stars
from pages.shared.state import chosen_model, evaluation_request, settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, list_controls, movie_box, ranked_list
from pages.shared.wording import say
from pages.what_if import compare as visitors

TITLE = "Another model"
TOP_K = 10
MAX_DISAGREEMENTS = 10
SELECTOR_WIDTH, TABLE_WIDTH = 420, 460  # pixels
QUESTION = "What would another model say about this visitor?"


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the view; its sentence goes into ``headline``."""
    others = other_models.others(recommender.bundle)
    if not others:
        headline.title(QUESTION, anchor=False)
        _draw_alone(recommender.bundle)
        return
    if settings.get("other_model") not in others:
        settings.update(other_model=next(iter(others)))
    st.selectbox(
        "The other model",
        list(others),
        format_func=lambda name: f"{preset_title(others[name].config.preset)} · {name}",
        key=settings.key("other_model"),
        persist_state="session",
        width=SELECTOR_WIDTH,
    )
    other = _load(others[settings.get("other_model")])
    visitor, options = visitor_state.current(), list_controls.rank_options(recommender)
    comparison = compare_models(recommender, other, visitor, TOP_K, options)
    names = other_models.short_names(recommender.bundle, other.bundle)
    with headline:
        st.title(escape_markdown(comparison.describe(chosen_model.domain())), anchor=False)
        st.markdown(whole_stars(_sentence_about_ratings(comparison, names)))
    _draw_order(recommender, comparison, options, names)
    if comparison.catalogue.empty:
        st.info(
            say("There is nothing to rank: no movie passes the filters, or all have been seen."), icon=":material/info:"
        )
        return
    _draw_ranks(comparison, names)
    _draw_lists(recommender, other, visitor, comparison, options, names)
    grid = st.grid(2, min_column_width=TABLE_WIDTH)
    with grid.cell():
        _draw_disagreements(comparison, names)
    with grid.cell():
        _draw_movie(recommender, other, visitor, comparison, names)
    _draw_verdict(recommender.bundle, other.bundle, names)


def _draw_alone(bundle: Bundle) -> None:
    st.info(
        f"There is no other model of {escape_markdown(bundle.dataset_title)} here that predicts ratings. This command "
        "trains one to compare with; the Training page does the same.",
        icon=":material/info:",
    )
    st.code(other_models.how_to_train(bundle), language=None)
    st.page_link(pages.TRAINING, label="Train one on the Training page", icon=":material/show_chart:")


def _load(bundle: Bundle) -> Recommender:
    """Return the other model, loaded behind a message if it is not in memory."""
    loaded = resources.loaded(bundle)
    if loaded is None:
        with st.spinner(f"Loading {escape_markdown(bundle.title)} …"):
            loaded = resources.load(bundle)
    return loaded


def _sentence_about_ratings(comparison: ModelComparison, names: tuple[str, str]) -> str:
    first, second = map(escape_markdown, names)
    if comparison.catalogue.empty:
        return f"**{first}** and **{second}**."
    return f"**{first}** against **{second}**. " + say(
        f"Over {count(len(comparison.catalogue), 'movie')} that the visitor has not seen, their expected ratings are "
        f"{comparison.mean_distance:.2f} ★ apart on average."
    )


def _draw_order(
    recommender: Recommender, comparison: ModelComparison, options: RankOptions, names: tuple[str, str]
) -> None:
    visitors.draw_order(recommender, options)
    if not comparison.same_order:
        orders = comparison.first_order, comparison.second_order
        labels = [list_controls.ORDERS[order][0] for order in orders]
        st.caption(
            escape_markdown(
                f"{names[0]}’s list is ordered by “{labels[0]}”. {names[1]} cannot order like that, so its list is "
                f"ordered by “{labels[1]}”. Choose “{labels[1]}” to order both alike."
                if labels[1] in _labels(recommender)
                else f"{names[0]}’s list is ordered by “{labels[0]}”, {names[1]}’s by “{labels[1]}”."
            )
        )
    if filters := list_controls.describe(options):
        st.caption(f"Filters of the Recommend page apply: {escape_markdown(filters)}.")


def _labels(recommender: Recommender) -> list[str]:
    return [list_controls.ORDERS[order][0] for order in recommender.orders]


def _draw_ranks(comparison: ModelComparison, names: tuple[str, str]) -> None:
    listed = comparison.listed
    ink, _ = chart_view.text_and_background()
    ranks = [f"{row.title} {row.rank_a:,} and {row.rank_b:,}" for row in listed.itertuples()]
    chart_view.show(
        charts.bump(listed, TOP_K, ink, charts.Sides(names, names)),
        f"Ranks by {names[0]} and by {names[1]}: {'; '.join(ranks)}",
    )
    st.caption(
        f"The first {TOP_K} of each. Solid lines to ▲: {escape_markdown(names[1])} {say('ranks the movie higher')}; "
        "dashed lines to ▼: lower; thin lines: the same rank. Below, “both” marks what is on both lists, with its rank "
        "there."
    )


def _draw_lists(
    recommender: Recommender,
    other: Recommender,
    visitor: Visitor,
    comparison: ModelComparison,
    options: RankOptions,
    names: tuple[str, str],
) -> None:
    grid, shared = st.grid(2, min_column_width=320), set(comparison.shared)
    ranks = [{row.movie_id: row.rank for row in rows} for rows in (comparison.first, comparison.second)]
    for number, (model, rows, order, name) in enumerate(
        (
            (recommender, comparison.first, comparison.first_order, names[0]),
            (other, comparison.second, comparison.second_order, names[1]),
        )
    ):
        with grid.cell():
            st.header(escape_markdown(name), anchor=False)
            st.caption(f"By “{list_controls.ORDERS[order][0]}”.")
            own = RankOptions(options.filters, order, options.weight, options.diversity, options.popularity_weight)
            there = ranks[1 - number]
            marks = {movie_id: f"both: {ordinal(there[movie_id])} there" for movie_id in shared}
            ranked_list.render(
                model, visitor, rows, own, key=f"models_list_{number}", view=settings.get("list_view"), marks=marks
            )


def _draw_disagreements(comparison: ModelComparison, names: tuple[str, str]) -> None:
    st.header("Where they disagree most", anchor=False)
    st.caption(say("Expected ratings, of the whole catalogue except what the visitor has seen."))
    rows = comparison.disagreements(MAX_DISAGREEMENTS)
    st.dataframe(
        pd.DataFrame(
            {
                "movie": rows["title"],
                "difference": [f"{signed(value, '.2f')} ★" for value in rows["difference"]],
                "first": rows["a"],
                "second": rows["b"],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "movie": st.column_config.TextColumn(say("Movie"), width=240),
            "first": st.column_config.NumberColumn(names[0], format="%.2f ★", width=96),
            "second": st.column_config.NumberColumn(names[1], format="%.2f ★", width=96),
            "difference": st.column_config.TextColumn("Difference", width=84),
        },
        alt=f"{say('The movies whose ratings')} {names[0]} and {names[1]} expect to differ most",
    )


def _draw_movie(
    recommender: Recommender, other: Recommender, visitor: Visitor, comparison: ModelComparison, names: tuple[str, str]
) -> None:
    st.header(say("One movie, both models"), anchor=False)
    titles = recommender.catalogue.titles
    if settings.get("models_movie") not in titles:
        settings.update(models_movie=int(comparison.disagreements(1)["movie_id"].iloc[0]))
    movie_box.selectbox(
        recommender.catalogue,
        say("Movie"),
        key=settings.key("models_movie"),
        persist_state="session",
        label_visibility="collapsed",
    )
    movie_id = settings.get("models_movie")
    for model, name in zip((recommender, other), names, strict=True):
        with st.container(border=True):
            _draw_one_model(model, visitor, movie_id, name)


def _draw_one_model(model: Recommender, visitor: Visitor, movie_id: int, name: str) -> None:
    row = model.recommendation(visitor, movie_id)
    said = f"**{escape_markdown(name)}** expects **{row.expected_rating:.2f} ★**. {_reason(model, visitor, movie_id)}"
    st.markdown(whole_stars(said))
    if row.distribution is None:
        st.caption("This model predicts one number, and not how likely each rating is.")
        return
    levels = model.bundle.levels
    shares = ", ".join(f"{level:g} stars {p:.0%}" for level, p in zip(levels, row.distribution, strict=True))
    chart_view.show(
        charts.rating_distribution(pd.DataFrame({"level": levels, "probability": row.distribution})),
        f"How likely each rating of {row.title} is: {shares}",
    )


def _reason(model: Recommender, visitor: Visitor, movie_id: int) -> str:
    reason = cached(
        "models_reason",
        model_key(model, visitor, movie_id),
        lambda: strongest_reason(model, visitor, movie_id),
        max_entries=2,
    )
    if reason is None:
        return say("No single movie of the history moves that much.")
    title = escape_markdown(model.catalogue.title(reason.event.movie_id))
    verb = "raises" if reason.effect > 0 else "lowers"
    return f"What counts most: {title}, rated {stars(reason.event.rating)}, {verb} it by {abs(reason.effect):.2f} ★."


def _draw_verdict(bundle: Bundle, other: Bundle, names: tuple[str, str]) -> None:
    """Say which of the two is better on held-out ratings, with the way to the whole comparison."""
    st.header("Which one is right more often?", anchor=False)
    st.markdown(whole_stars(_verdict(bundle, other, names)))
    opened = st.button(
        "Compare them on the Evaluation page",
        key="models_evaluate",
        icon=":material/fact_check:",
        on_click=evaluation_request.compare_with,
        args=(other.name,),
    )
    if opened:
        st.switch_page(pages.EVALUATION, query_params={})


def _verdict(bundle: Bundle, other: Bundle, names: tuple[str, str]) -> str:
    first, second = measure.read(bundle), measure.read(other)
    reason = other_models.reason(bundle, other)
    if reason or first is None or second is None:
        return f"That is not known: {escape_markdown(reason or '')}."
    users = user_results.read(bundle), user_results.read(other)
    mae = next((row for row in compare(first, second, *users) if row.metric == "mae"), None)
    if mae is None:
        return "That is not known: they have no error in common."
    a, b = map(escape_markdown, names)
    held_out = (
        say("by people whom neither model has seen") if bundle.protocol == "visitor" else "neither was trained on"
    )
    start = (
        f"On {count(first.labels, 'rating')} {held_out}, {a} is off by {mae.first:.2f} ★ on average and {b} by "
        f"{mae.second:.2f} ★"
    )
    if mae.bounds is None:
        return f"{start}."
    if not mae.is_clear:
        return f"{start}: no clear difference (95% interval {span(*mae.bounds, '+.3f')} ★)."
    better = a if mae.difference < 0 else b
    low, high = sorted(map(abs, mae.bounds))
    return f"{start}: **{better} is clearly better**, by {abs(mae.difference):.3f} ★ (95% interval {span(low, high)})."
