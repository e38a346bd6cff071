"""The command line: one JSON object or one clear line, and the right exit code."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bst.cli import main

PROJECT = Path(__file__).parents[2]
COMMANDS = ("datasets", "download", "simulate", "presets", "train", "evaluate", "recommend")


@pytest.fixture
def bundle(small_bundle, data_here) -> Path:
    return small_bundle.folder


# ---- help


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command, run):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert f"python -m bst {command}" in out
    assert "--json" in out


def test_help_lists_the_commands(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "COMMAND"),
        (["fly"], "fly"),
        (["recommend", "--colour", "red"], "--colour"),
        (["recommend", "-k", "ten"], "ten"),
        (["recommend", "--sex", "X"], "'X'"),
        (["recommend", "--age", "26"], "26"),
        (["train", "--preset", "sead"], "sead"),
        (["evaluate", "--protocol", "last-but-one"], "last-but-one"),
        (["simulate"], "--out"),
        (["download", "ml-2m"], "ml-2m"),
    ],
)
def test_a_bad_option_is_one_line(arguments, word, run):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("error: ")
    assert word in err
    assert "--help" in err


# ---- datasets, presets, simulate


def test_a_value_of_any_length_is_refused_in_one_line(refused):
    for arguments in (["--into-top", "x" * 5000], ["--into-top", "3", "--movie", "x" * 5000], ["--bundle", "x" * 300]):
        message = refused("counterfactual", "--movie", "Alien", *arguments)
        assert len(message) <= 330, "with “see: … --help”"


def test_a_file_name_that_no_disk_takes_is_refused_in_one_line(refused):
    assert len(refused("report", "--bundle", "demo", "--out", "9" * 5000)) <= 300


def test_datasets_as_json_and_as_text(answer, run):
    rows = answer("datasets")["datasets"]
    assert {"demo", "ml-1m", "ml-100k"} <= {row["dataset"] for row in rows}
    assert all(set(row) == {"dataset", "title", "present", "folder", "ratings", "hint"} for row in rows)
    code, out, _ = run("datasets")
    assert code == 0
    assert out.count("\n") == len(rows)


def test_presets_on_ml_1m_need_no_data(answer, override_settings, tmp_path):
    override_settings(data=tmp_path)
    said = answer("presets", "--dataset", "ml-1m")
    assert said["dataset"] == "ml-1m"
    sizes = {row["preset"]: (row["parameters"], row["trainable"], row["non_trainable"]) for row in said["presets"]}
    whole, trained, fixed = sizes.pop("timeline")
    assert sizes == {
        "keras-example": (390_201, 389_433, 768),
        "user-features": (951_801, 881_139, 70_662),
        "compact": (847_477, 777_487, 69_990),
    }
    seed = next(row for row in said["presets"] if row["preset"] == "user-features")
    assert seed["by_part"] == {"embeddings": 781_090, "transformer_block": 50_902, "mlp": 119_809}
    parts = said["presets"][0]["by_part"]
    assert (said["presets"][0]["preset"], set(parts)) == (
        "timeline",
        {"rating_tower", "next_tower", "like_tower", "fixed"},
    )
    assert whole == trained + fixed == sum(parts.values())
    towers = [parts[f"{name}_tower"] for name in ("rating", "next", "like")]
    assert (trained, fixed) == (sum(towers), parts["fixed"])
    # a vector of every movie in each tower is learnt; 18 genres and 10 decades of it are fixed in each
    assert min(towers) > 3883 * 16
    assert fixed > 3 * 3883 * 28


def test_presets_on_a_folder(answer, run, world_dir):
    rows = {row["preset"]: row for row in answer("presets", "--dataset", world_dir)["presets"]}
    assert list(rows) == ["timeline", "keras-example", "user-features", "compact"]
    # 30 movies of width 5, positions 4 × 5 and nothing else are embeddings of the Keras example
    assert rows["keras-example"]["by_part"]["embeddings"] == 30 * 5 + 4 * 5
    code, out, _ = run("presets", "--dataset", world_dir)
    assert code == 0
    assert "40 users, 30 movies" in out


def test_an_unknown_dataset_names_the_known_ones(refused):
    assert "ml-1m" in refused("presets", "--dataset", "ml-1n")


def test_simulate_refuses_what_cannot_be(refused, tmp_path):
    assert "exists already" in refused("simulate", "--out", tmp_path)
    assert "too few" in refused("simulate", "--users", 40, "--ratings", 10, "--out", tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


# ---- recommend


def test_ten_unseen_movies_in_order(answer, bundle):
    watched = ["--watched", "Story Number 4=5", "--watched", "story number 7 (1977)=1", "--watched", "130=3"]
    said = answer(
        "recommend", "--bundle", bundle, "--sex", "F", "--age", 25, "--occupation", "artist", *watched, "-k", 10
    )
    assert said["bundle"] == "small"
    assert said["visitor"] == {
        "sex": "F",
        "age": 25,
        "occupation": "artist",
        "history": [
            {"movie_id": 112, "title": "Story Number 4 (1974)", "rating": 5.0},
            {"movie_id": 121, "title": "Story Number 7 (1977)", "rating": 1.0},
            {"movie_id": 130, "title": "Story Number 10 (1980)", "rating": 3.0},
        ],
    }
    rows = said["recommendations"]
    assert [set(row) for row in rows] == [
        {"rank", "movie_id", "title", "expected_rating", "distribution", "watch_next", "will_like"}
    ] * 10
    assert [row["rank"] for row in rows] == list(range(1, 11))
    assert not {row["movie_id"] for row in rows} & {112, 121, 130}
    assert all(1 <= row["expected_rating"] <= 5 for row in rows)


def test_a_list_as_text_with_filters(run, bundle):
    code, out, _ = run(
        "recommend", "--bundle", bundle, "--genre", "western", "--genre", "Action", "--years", "1970-1983"
    )
    assert code == 0
    lines = out.splitlines()
    assert sorted(line.split("  ")[-1] for line in lines) == [
        "Story Number 0 (1970)",
        "Story Number 12 (1982)",
        "Story Number 13 (1983)",
    ]
    assert all("★" in line for line in lines)
    code, out, _ = run("recommend", "--bundle", bundle, "--years", "1901")
    assert (code, out) == (0, "no movie passes these filters\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--watched", "Storie Numbr 4=5"], ["no movie is called 'Storie Numbr 4'", "Story Number 4 (1974)"]),
        (["--watched", "Story Number 4=6"], ["Story Number 4 (1974) cannot be rated 6", "whole stars from 1 to 5"]),
        (["--watched", "Story Number 4=3.5"], ["cannot be rated 3.5"]),
        (["--watched", "Story Number 4=nan"], ["cannot be rated nan"]),
        (["--watched", "Story Number 4=five"], ["TITLE=STARS"]),
        (["--watched", "Story Number 4"], ["TITLE=STARS"]),
        (["--watched", "=5"], ["TITLE=STARS"]),
        (["--watched", "²=5"], ["no movie is called '²'"]),
        (["--watched", "130=5", "--watched", "Story Number 10=4"], ["movie 130 is in the history twice"]),
        (["--occupation", "wizard"], ["occupation 'wizard'", "artist"]),
        (["--genre", "Anime"], ["unknown genre 'Anime'", "Sci-Fi"]),
        (["--years", "the eighties"], ["FROM-TO"]),
        (["--years", "1999-1980"], ["first year is after the last"]),
        (["-k", "0"], ["at least one movie"]),
        (["-k", "-3"], ["at least one movie"]),
    ],
)
def test_bad_wishes_are_one_line(arguments, words, refused, bundle):
    line = refused("recommend", "--bundle", bundle, *arguments)
    assert all(word in line for word in words), line


@pytest.mark.parametrize("name", ["no-such-bundle", "x" * 5000, ""])
def test_an_unknown_bundle(name, refused):
    assert "there is no bundle" in refused("recommend", "--bundle", name)


def test_a_damaged_bundle(refused, bundle, tmp_path):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    (copy / "weights.npz").write_bytes(b"")
    assert "weights.npz is damaged" in refused("recommend", "--bundle", copy)


def test_the_dataset_of_a_bundle_may_be_anywhere(answer, refused, small_bundle, world_dir, override_settings, tmp_path):
    override_settings(data=tmp_path, cache=tmp_path)
    assert "small-world" in refused("recommend", "--bundle", small_bundle.folder)
    said = answer("recommend", "--bundle", small_bundle.folder, "--dataset", world_dir, "-k", 3)
    assert len(said["recommendations"]) == 3
    assert "not those it was trained on" in refused("recommend", "--bundle", small_bundle.folder, "--dataset", "demo")


def test_an_output_that_knows_no_stars(bundle, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        assert main(["recommend", "--bundle", str(bundle), "-k", "1"]) == 0
    out.seek(0)
    assert "\\u2605" in out.read()


# ---- train and evaluate


def test_from_nothing_to_a_list(answer, refused, run, tmp_path, own_folders, override_settings, monkeypatch):
    """Simulate, train, evaluate and recommend, as a newcomer would."""
    from bst.models.classic import trainer as training

    world = tmp_path / "my-world"
    said = answer("simulate", "--users", 60, "--ratings", 3000, "--seed", 5, "--out", world)
    assert said == {"folder": str(world), "users": 60, "ratings": 3000, "seed": 5}

    monkeypatch.setattr(training, "STEPS_PER_CALL", 4)
    options = ["--preset", "compact", "--batch-size", 128, "--learning-rate", 0.05, "--epochs", 2, "--seed", 9]
    trained = answer("train", "--dataset", world, "--protocol", "windows", *options, "--name", "mine")
    assert (trained["bundle"], trained["epochs"], trained["protocol"], trained["seed"]) == ("mine", 2, "windows", 9)
    assert Path(trained["folder"]) == tmp_path / "bundles" / "mine"
    assert "bundle mine already exists" in refused("train", "--dataset", world, *options, "--name", "mine")

    measured = answer("evaluate", "--dataset", world, "--bundle", "mine")
    assert (measured["protocol"], measured["seed"]) == ("windows", 9), "those that it was trained under"
    assert list(measured)[:8] == ["dataset", "bundle", "protocol", "seed", "labels", "metrics", "as_visitor", "peers"]
    assert measured["labels"] == trained["labels"] > 100
    assert measured["metrics"] == pytest.approx(trained["metrics"], abs=1e-5)
    assert measured["as_visitor"] == pytest.approx(trained["as_visitor"], abs=1e-5)
    svd = measured["peers"].pop("svd")
    assert svd["mae"] < measured["peers"]["global_mean"]["mae"], "what takes longer is not asked for by training"
    assert measured["peers"] == {name: pytest.approx(figures) for name, figures in trained["peers"].items()}
    assert set(measured["peers"]) == {"global_mean", "item_mean", "bias"}
    kept = json.loads((tmp_path / "bundles" / "mine" / "evaluation.json").read_text("utf-8"))["evaluation"]
    assert kept["intervals"] == measured["intervals"]
    assert "worst" not in kept, "rows of a dataset do not go into a bundle"
    assert len(measured["worst"]["high"]) > 5
    code, out, _ = run("evaluate", "--dataset", world, "--bundle", "mine", "--protocol", "windows", "--seed", 9)
    assert code == 0
    assert f"{measured['metrics']['mae']:.4f}" in out

    line = refused("evaluate", "--dataset", world, "--bundle", "mine", "--seed", 8)
    assert "--protocol windows --seed 9" in line
    other = tmp_path / "other-world"
    answer("simulate", "--users", 80, "--ratings", 3000, "--out", other)
    assert "are not those that bundle mine was trained on" in refused(
        "evaluate", "--dataset", other, "--bundle", "mine", "--seed", 9
    )

    override_settings(data=tmp_path)
    listed = answer("recommend", "--bundle", "mine", "--watched", "The Matrix=5")
    assert len(listed["recommendations"]) == 10
    assert "The Matrix (1999)" not in {row["title"] for row in listed["recommendations"]}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--epochs", 0], "--epochs must be at least 1"),
        (["--patience", 0], "--patience must be at least 1"),
        (["--preset", "user-features", "--window", 1], "window must lie in 2"),
        (["--preset", "user-features", "--window", 30], "too small for windows of 30"),
        (["--preset", "user-features", "--batch-size", 0], "batch_size must lie in 1"),
        (["--preset", "user-features", "--learning-rate", "nan"], "learning_rate must lie in"),
        (["--preset", "user-features", "--epochs", 1001], "epochs must lie in 1"),
        (["--epochs", 1001], "epochs must lie in 0"),
        (["--seed", -1], "seed"),
        (["--seed", 2**40], "seed"),
        (["--name", "../x"], "cannot be the name of a bundle"),
        (["--name", "none", "--resume"], "no unfinished run"),
        # what only the other kind of preset has
        (["--window", 5], "preset timeline has no setting called window"),
        (["--batch-size", 32], "preset timeline has no setting called batch_size"),
        (["--learning-rate", 0.1], "preset timeline has no setting called learning_rate"),
        (["--window", 5, "--batch-size", 32], "no setting called batch_size or window"),
        (["--preset", "compact", "--tower", "rating"], "preset compact has no towers; --tower is for preset timeline"),
        (["--preset", "compact", "--protocol", "last"], "preset compact cannot be measured under protocol last"),
        (["--tower", "both"], "invalid choice: 'both'"),
    ],
)
def test_bad_training_is_one_line(arguments, word, refused, world_dir, own_folders):
    assert word in refused("train", "--dataset", world_dir, *arguments)
    assert not own_folders.runs.exists()
    assert not own_folders.bundles.exists()


# ---- the real thing: a process of its own


def process(*arguments, data: Path):
    return subprocess.run(
        [sys.executable, "-m", "bst", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=PROJECT,
        env={**os.environ, "BST_DATA_DIR": str(data)},
        check=False,
    )


def test_a_process_prints_json_and_nothing_else(small_bundle, world_dir):
    arguments = ("--bundle", small_bundle.folder, "--watched", "Story Number 4=5", "-k", 10, "--json")
    done = process("recommend", *arguments, data=world_dir.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert len(json.loads(done.stdout)["recommendations"]) == 10


def test_a_process_fails_with_one_line(small_bundle, world_dir):
    done = process("recommend", "--bundle", small_bundle.folder, "--watched", "Storie Numbr 4=5", data=world_dir.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "no movie is called 'Storie Numbr 4'; the nearest are: " in done.stderr
