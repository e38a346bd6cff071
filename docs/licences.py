"""Write the licences of all packages in the locks into ``licences.md``: ``python docs/licences.py``, or ``make lock``.

They are what the installed packages say of themselves. Of those that this system does not need, the package index is
asked.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = re.compile(r"^([\w.-]+)==([^ ;]+)", re.MULTILINE)
NAMED = re.compile(r"(?:MIT|BSD|Apache|Mozilla Public) License")
# where there is a build of what this system does not need
ELSEWHERE = ("win_amd64", "macosx_12_0_arm64")
LONGEST = 80
HEAD = """# Licences of the packages

All that `make run`, `make test` and `make scale` install, on any system, with the licence that each package states. The
packages are no part of this project: they come from a package index. Those with † are needed to develop the app, those
with ‡ for work past one machine, the others to run it. Written by `make lock`.

| package | version | licence |
| --- | --- | --- |
"""


def main() -> None:
    """Write the table, one row a package."""
    # a package belongs to the first lock that has it
    marks: dict[tuple[str, str], str] = {}
    for lock, mark in {"requirements": "", "requirements-dev": " †", "requirements-scale": " ‡"}.items():
        for package in LOCKED.findall((ROOT / f"{lock}.lock").read_text("utf-8")):
            marks.setdefault(package, mark)
    rows = [
        f"| {name}{mark} | {version} | {licence(name, version)} |\n" for (name, version), mark in sorted(marks.items())
    ]
    (ROOT / "docs" / "licences.md").write_text(HEAD + "".join(rows), "utf-8")


def licence(name: str, version: str) -> str:
    """Return the licence of a package: an SPDX expression, or the name that it gives."""
    said = _installed(name, version) or _asked(name, version)
    if expression := said.get("license_expression"):
        return expression
    classified = [name.rpartition(" :: ")[2] for name in said.get("classifier", []) if name.startswith("License :: ")]
    named = (said.get("license") or "").strip().partition("\n")[0]
    # some have their whole licence there
    return named if named and len(named) < LONGEST and not classified else ", ".join(classified) or named[:LONGEST]


def _installed(name: str, version: str) -> dict | None:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    said = dict(found.metadata.json)
    for file in found.metadata.get_all("License-File", []):  # some name it nowhere else
        if named := NAMED.search(found.read_text(f"licenses/{file}") or ""):
            said.setdefault("license", named[0])
    return said if said["version"] == version else None


def _asked(name: str, version: str) -> dict:
    for platform in ELSEWHERE:
        with tempfile.TemporaryDirectory() as nowhere:
            pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
            pip += ["--only-binary", ":all:", "--platform", platform, "--python-version", "3.11", "--target", nowhere]
            asked = subprocess.run([*pip, "--report", "-", f"{name}=={version}"], capture_output=True, text=True)
        if asked.returncode == 0:
            return json.loads(asked.stdout)["install"][0]["metadata"]
    raise SystemExit(f"error: neither installed nor to be had: {name}=={version}; install requirements-dev.lock first")


if __name__ == "__main__":
    main()
