"""Where the server listens: on this computer alone, unless somebody says otherwise."""

import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidHandshake

from tests.browser.conftest import serving
from tests.hostile.stranger import dial

# another address of this computer: a server on all interfaces answers there, one on localhost does not
OTHER = "127.0.0.2"


def answers(port: int) -> bool:
    with socket.socket() as knock:
        knock.settimeout(5)
        return knock.connect_ex((OTHER, port)) == 0


def says_its_address_without_asking(log: Path) -> bool:
    said = log.read_text()
    # to tell its address on the internet, Streamlit asks a server there, and says so if that fails
    return "http://localhost:" in said and "External URL" not in said and "external IP" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this computer")
def test_it_listens_on_localhost_and_asks_nobody_for_its_own_address(tmp_path):
    with serving(tmp_path / "log") as address:
        assert not answers(urlsplit(address).port)
    assert says_its_address_without_asking(tmp_path / "log")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this computer")
def test_one_setting_lets_others_in_and_asks_nobody_either(tmp_path):
    with serving(tmp_path / "log", environment={"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}) as address:
        assert answers(urlsplit(address).port)
        with pytest.raises(InvalidHandshake), dial(address, origin="http://elsewhere.example"):
            pass
    assert says_its_address_without_asking(tmp_path / "log")
