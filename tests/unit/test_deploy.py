"""What ``deploy/`` says of others is so: of Streamlit's page, and of our own settings."""

import base64
import hashlib
import re
import tomllib
from pathlib import Path

import streamlit

ROOT = Path(__file__).parents[2]
NGINX = (ROOT / "deploy" / "nginx.conf.template").read_text("utf-8")


def test_the_content_policy_allows_the_one_script_in_streamlits_page():
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert [f"sha256-{digest}" for digest in digests] == re.findall(r"'(sha256-[^']+)'", NGINX)


def test_the_proxy_lets_through_a_file_of_the_size_that_the_app_takes():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    largest = int(re.search(r"upload_file/ \{.*?client_max_body_size (\d+)m;", NGINX, re.S)[1])
    assert largest == config["server"]["maxUploadSize"] + 1
