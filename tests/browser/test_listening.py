"""Where the server listens: on this computer alone, unless somebody says otherwise."""

import socket
import sys
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import serving

# another address of this computer: a server on all interfaces answers there, one on localhost does not
OTHER = "127.0.0.2"


def answers(port: int) -> bool:
    with socket.socket() as knock:
        knock.settimeout(5)
        return knock.connect_ex((OTHER, port)) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this computer")
def test_it_listens_on_localhost_and_asks_nobody_for_its_own_address(tmp_path):
    with serving(tmp_path / "log") as address:
        assert not answers(urlsplit(address).port)
    said = (tmp_path / "log").read_text()
    assert "http://localhost:" in said
    assert "External URL" not in said, "to tell it, Streamlit asks a server on the internet"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this computer")
def test_one_setting_lets_others_in(tmp_path):
    with serving(tmp_path / "log", environment={"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}) as address:
        assert answers(urlsplit(address).port)
