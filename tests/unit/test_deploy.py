"""What ``deploy/`` says of others is so: of Streamlit's page, and of our own settings."""

import base64
import hashlib
import re
import tomllib
from pathlib import Path

import streamlit

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx.conf.template").read_text("utf-8")
HAPROXY = (DEPLOY / "haproxy.cfg").read_text("utf-8")
REPLICAS = (DEPLOY / "replicas.yaml").read_text("utf-8")


def test_the_content_policy_allows_the_one_script_in_streamlits_page():
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert [f"sha256-{digest}" for digest in digests] == re.findall(r"'(sha256-[^']+)'", NGINX)


def test_the_proxy_lets_through_a_file_of_the_size_that_the_app_takes():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    largest = int(re.search(r"upload_file/ \{.*?client_max_body_size (\d+)m;", NGINX, re.S)[1])
    assert largest == config["server"]["maxUploadSize"] + 1


def test_each_replica_of_the_compose_files_is_one_of_the_balancer():
    balanced = re.findall(r'^    server \S+ "\$\{(\w+)\}" cookie (\d)$', HAPROXY, re.M)
    assert [cookie for _, cookie in balanced] == ["1", "2"], "no two with one cookie"
    named = dict(re.findall(r"(BST_REPLICA_\d): (\S+)", REPLICAS))
    assert list(named) == [variable for variable, _ in balanced]
    services = re.findall(r"^  ([\w-]+):$", REPLICAS + (DEPLOY / "compose.yaml").read_text("utf-8"), re.M)
    assert [place for place in named.values() if place.removesuffix(":8501") not in services] == []
    listens = re.search(r'BST_BALANCER: "(:\d+)"', REPLICAS)[1]
    assert re.search(r"BST_APP: (\S+)", REPLICAS)[1] == f"balancer{listens}"


def test_a_silent_page_is_kept_as_long_by_both_proxies():
    nginx = re.search(r"/stream \{.*?proxy_read_timeout (\w+);", NGINX, re.S)[1]
    assert re.search(r"timeout tunnel (\w+)", HAPROXY)[1] == nginx
