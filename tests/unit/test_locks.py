"""What is installed is what the requirements ask for, pinned to files by their hashes, on every system.

A failure here: run ``make lock``.
"""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = {f"requirements{part}.txt": f"requirements{part}.lock" for part in ("", "-dev", "-scale")}
ENTRY = re.compile(
    r"^(?P<requirement>[^\s#-].*?)(?P<hashes>(?: \\\n    --hash=\S+)*)\n(?P<via>(?:    #.*\n)*)", re.MULTILINE
)
SYSTEMS = [
    {"sys_platform": system, "platform_system": name, "os_name": kind, "platform_machine": machine}
    | {"python_version": python, "python_full_version": f"{python}.5", "platform_python_implementation": "CPython"}
    for system, name, kind, machine in (
        ("linux", "Linux", "posix", "x86_64"),
        ("linux", "Linux", "posix", "aarch64"),
        ("darwin", "Darwin", "posix", "arm64"),
        ("win32", "Windows", "nt", "AMD64"),
    )
    for python in ("3.11", "3.12", "3.13")
]


def asked(file: str) -> list[Requirement]:
    """The requirements of a file, without those that it includes."""
    lines = [re.sub(r"\s+#.*", "", line).strip() for line in (ROOT / file).read_text("utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def locked(lock: str) -> list[tuple[Requirement, list[str], str]]:
    """The entries of a lock: requirement, hashes, and who asks for it."""
    text = (ROOT / lock).read_text("utf-8")
    return [
        (Requirement(found["requirement"]), found["hashes"].split()[1::2], found["via"])
        for found in ENTRY.finditer(text)
    ]


def on(requirements: list[Requirement], system: dict[str, str]) -> set[tuple[str, str]]:
    """What a system needs of them: name and version."""
    needed = [one for one in requirements if one.marker is None or one.marker.evaluate(system)]
    return {(one.name.lower(), str(one.specifier)) for one in needed}


def normal(names: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(re.sub(r"[-_.]+", "-", name), version) for name, version in names}


@pytest.mark.parametrize(("file", "lock"), LOCKS.items())
def test_requirements_and_lock_agree_on_every_system(file, lock):
    entries = locked(lock)
    direct = [requirement for requirement, _, via in entries if re.search(rf"-r {re.escape(file)}\n", via)]
    for system in SYSTEMS:
        assert normal(on(direct, system)) == normal(on(asked(file), system)), system


@pytest.mark.parametrize("lock", LOCKS.values())
def test_a_lock_names_one_version_and_the_hashes_of_its_files_and_no_place(lock):
    entries = locked(lock)
    assert len(entries) == len(re.findall(r"^[^\s#].*==", (ROOT / lock).read_text("utf-8"), re.MULTILINE)) > 20
    for requirement, hashes, via in entries:
        assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), requirement
        assert "via" in via, f"nobody asks for {requirement}"
    assert not re.search(r"://|--index|--find-links|--extra", (ROOT / lock).read_text("utf-8"))


def test_tests_and_work_past_one_machine_run_with_what_the_app_runs_with():
    runs, tests, scale = ({(str(one), *hashes) for one, hashes, _ in locked(lock)} for lock in LOCKS.values())
    assert runs <= tests
    assert runs <= scale


def test_tests_and_work_past_one_machine_go_together():
    tests, scale = (
        {(one.name, str(one.marker)): one.specifier for one, _, _ in locked(f"requirements-{part}.lock")}
        for part in ("dev", "scale")
    )
    assert {name: scale[name] for name in tests.keys() & scale} == {name: tests[name] for name in tests.keys() & scale}


def test_each_package_has_its_licence_in_the_list():
    rows = re.findall(
        r"^\| ([\w.-]+)(?: [†‡])? \| (\d\S*) \| (.+) \|$", (ROOT / "docs/licences.md").read_text("utf-8"), re.M
    )
    said = {(name, f"=={version}") for name, version, licence in rows if licence.strip()}
    assert said == {(one.name, str(one.specifier)) for lock in LOCKS.values() for one, _, _ in locked(lock)}
