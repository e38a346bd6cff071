"""The app as strangers meet it: what is switched off says so, and cannot be had by a forged click, session or link."""

import json
import shutil

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from bst.errors import SwitchedOffError
from bst.models.registry import preset
from bst.training import background
from bst.training.runs import RunSettings
from pages.evaluation import evaluation_job
from pages.evaluation.state import Opening
from pages.shared import pages, real_users, resources
from pages.shared.state import link
from tests.app.conftest import APP, captions, headline, start, visitor

pytestmark = pytest.mark.timeout(180)
OFF = "is switched off on this public server."
REAL_USERS = f"Showing single users of a dataset of real people {OFF}"


@pytest.fixture
def models(kinds_dir, tmp_path, override_settings):
    """A model of the demo world, and one whose users pass for real people; nothing else is here."""
    for name, real in (("demo", {}), ("real", {"simulated": False, "dataset_title": "Real people"})):
        folder = shutil.copytree(kinds_dir / "timeline", tmp_path / "bundles" / name)
        metadata = json.loads((folder / "bundle.json").read_text("utf-8"))
        metadata["sizes"]["users"] = 2000  # as many as the demo world has, so that some are known to be held out
        (folder / "bundle.json").write_text(json.dumps(metadata | real), "utf-8")
    (tmp_path / "runs").mkdir()
    return override_settings(
        bundles=tmp_path / "bundles", runs=tmp_path / "runs", evaluation_cache=tmp_path / "evaluations"
    )


@pytest.fixture
def public(models, override_settings):
    """The same, on a public server."""
    return override_settings(public=True)


def opened(bundle: str, page: str, **parameters: str) -> AppTest:
    resources.look_again()
    app = AppTest.from_file(str(APP), default_timeout=120)
    for name, value in {"bundle": bundle, **parameters}.items():
        app.query_params[name] = value
    app.switch_page(page).run()
    assert not app.exception
    return app


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


def write_run(folder, process):
    folder.mkdir()
    settings = RunSettings("/srv/secret/mydata", preset("timeline"), "visitor", 14)
    (folder / "run.json").write_text(json.dumps(settings.to_dict()), "utf-8")
    (folder / "process.json").write_text(json.dumps(process), "utf-8")
    (folder / "log.txt").write_text("error: cannot read /srv/secret/mydata/ratings.dat\n", "utf-8")


DEAD = {"pid": 2**22 - 1, "identity": 0}


@pytest.mark.parametrize("page", [value for name, value in vars(pages).items() if name.isupper() and "/" in value])
def test_every_page_works_for_both_models(page, public):
    for bundle in ("demo", "real"):
        app = opened(bundle, page)
        assert not app.error, (page, bundle)


def test_recommend_offers_simulated_users_but_no_real_ones(public):
    demo = opened("demo", pages.RECOMMEND)
    assert "real_user" in keys(demo)
    assert OFF not in captions(demo)
    real = opened("real", pages.RECOMMEND)
    assert "real_user" not in keys(real)
    assert REAL_USERS in captions(real)
    assert "import_history" in keys(real)
    # as if the button had been pressed
    before = visitor(real)
    real.session_state["real_user_wanted"] = True
    real.run()
    assert not real.exception
    assert visitor(real) == before


def test_replay_shows_no_real_user_whatever_the_link_says(public):
    state = link.encode(link.State("real", settings={"replay_user": 3, "replay_step": 5}))
    for parameters in ({}, {"s": state}):
        app = opened("real", pages.REPLAY, **parameters)
        assert headline(app) == "The users of this dataset are not shown"
        assert REAL_USERS in captions(app)
        assert keys(app) & {"replay_play", "replay_another"} == set()
    app.button(key="replay_with_demo").click().run()
    assert "replay_play" in keys(app)


def test_real_users_are_not_read_even_where_a_private_page_has_read_them(models, override_settings):
    app = opened("real", pages.REPLAY)
    assert "replay_play" in keys(app)
    override_settings(public=True)
    app.button(key="replay_play").click().run()
    assert "replay_play" not in keys(app)
    bundle = resources.choices()["real"].bundle
    with pytest.raises(SwitchedOffError):
        real_users._load(bundle)


def test_evaluation_measures_nothing_and_shows_no_single_person(public):
    app = opened("demo", pages.EVALUATION)
    assert f"Measuring a model {OFF}" in captions(app)
    assert not {key for key in keys(app) if key.startswith(("measure_", "stop_"))}
    with pytest.raises(SwitchedOffError, match="Measuring a model"):
        evaluation_job._jobs().start(resources.choices()["demo"].bundle, "ratings")
    real = opened("real", pages.EVALUATION)
    before = visitor(real)
    real.session_state["evaluation_opening"] = ("demo", Opening("recommend", 3))
    real.run()
    assert not real.exception
    assert visitor(real) == before


def test_training_can_be_watched_but_not_started_ended_or_deleted(public):
    me = psutil.Process()
    write_run(public.runs / "going", {"pid": me.pid, "identity": hash(me)})
    write_run(public.runs / "failed", DEAD)
    app = opened("demo", pages.TRAINING)
    assert f"Training a model {OFF}" in captions(app)
    assert captions(app).count(f"Ending, resuming or deleting a run {OFF}") == 2
    assert not keys(app) & {"train_button", "cancel_going", "resume_failed", "discard_failed"}
    texts = [element.value for kind in (app.markdown, app.caption, app.error, app.code) for element in kind]
    assert "secret" not in " ".join(texts)
    assert any("cannot read ratings.dat" in text.replace("\\", "") for text in texts)


def test_buttons_that_were_drawn_before_do_nothing(models, override_settings):
    """As a client that goes on pressing what the page no longer shows."""
    write_run(models.runs / "mine", DEAD)
    app = opened("demo", pages.TRAINING)
    override_settings(public=True)
    app.button(key="discard_mine").click().run()
    assert not app.exception
    assert background.status("mine")


def test_the_form_of_a_training_starts_nothing(public):
    def form():
        from pages.training import run_form

        run_form.draw_form()

    app = AppTest.from_function(form, default_timeout=120).run()
    app.button(key="train_start").click().run()
    assert app.error[0].value.replace("\\", "") == f"Training a model {OFF}"
    assert not list(public.runs.iterdir())


def test_about_offers_no_download_and_names_no_folder(public, tmp_path, override_settings):
    override_settings(data=tmp_path, project_data=tmp_path)
    app = opened("demo", pages.ABOUT)
    app.session_state["about_tabs"] = "Data and licences"
    app.run()
    assert f"Downloading a dataset {OFF}" in captions(app)
    assert not [button for button in app.button if "download" in button.label.lower()]
    (tmp_path / "ml-1m").mkdir()
    for name in ("ratings", "movies", "users"):
        (tmp_path / "ml-1m" / f"{name}.dat").write_text("", "utf-8")
    app.run()
    assert f"Showing where files and logs are {OFF}" in captions(app)
    assert str(tmp_path) not in captions(app)


def test_a_model_without_its_dataset_offers_no_download(public):
    path = public.bundles / "real" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"dataset": "ml-100k"}), "utf-8")
    app = start()
    app.selectbox(key="bundle").select("real").run()
    assert headline(app) == "This model cannot be used yet"
    assert f"Downloading a dataset {OFF}" in captions(app)
    assert not [button for button in app.main.button if "download" in button.label]


def test_a_damaged_model_does_not_tell_its_path(public):
    (public.bundles / "real" / "weights.npz").write_bytes(b"damaged")
    app = start()
    app.selectbox(key="bundle").select("real").run()
    words = " ".join(text.value for text in app.main.markdown).replace("\\", "")
    assert "weights.npz is damaged" in words
    assert str(public.bundles) not in words


def test_a_story_is_not_opened_from_a_file_but_saved_and_shared(public):
    app = opened("demo", pages.STORY, edit="1")
    assert f"Opening a story from a file {OFF}" in captions(app)
    assert not app.file_uploader


def test_why_says_that_insights_are_not_measured_here(public):
    app = opened("real", pages.WHY)
    app.session_state["why_part"] = "general"
    app.run()
    assert f"Measuring a model {OFF}" in captions(app)
    assert not [code for code in app.code if "bst insights" in code.value]
