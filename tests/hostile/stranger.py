"""A client of the app that is no browser: it speaks Streamlit's websocket, and says what it likes."""

import socket
from collections.abc import Callable, Iterable
from typing import Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.sync.client import ClientConnection, connect

STREAM = "/_stcore/stream"
# a busy machine is slow, not broken
PATIENCE_S = 120


def dial(
    address: str, host: str | None = None, origin: str | None = None, source: str = "127.0.0.1"
) -> ClientConnection:
    """Return a websocket to use in ``with``, from one of this computer's addresses; it claims to ask for ``host``."""
    where = urlsplit(address)
    line = socket.create_connection((where.hostname, where.port), timeout=10, source_address=(source, 0))
    line.settimeout(None)
    claimed = host or where.netloc
    return connect(
        f"ws://{claimed}{STREAM}",
        sock=line,
        origin=f"http://{claimed}" if origin is None else origin,
        subprotocols=["streamlit"],
        max_size=None,
    )


class Stranger:
    """One session. Use it as a context manager."""

    def __init__(self, address: str, source: str = "127.0.0.1") -> None:
        self._connection = dial(address, source=source)
        self._page = ""
        self.session_id = ""
        self.elements: list[Element] = []

    def __enter__(self) -> Self:
        """Call, and return the session itself."""
        self._line = self._connection.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._connection.__exit__(None, None, None)

    def say(self, message: BackMsg) -> None:
        """Send any message."""
        self._line.send(message.SerializeToString())

    def open(self, page: str = "", forged: Iterable[WidgetState] = (), bundle: str = "demo") -> list[Element]:
        """Run a page to its end, with whatever widgets are claimed to have been used; returns what it draws."""
        self._page = page
        state = ClientState(
            query_string=f"bundle={bundle}", page_name=page, widget_states=WidgetStates(widgets=list(forged))
        )
        self.say(BackMsg(rerun_script=state))
        self.elements = []
        self._read(lambda message: message.WhichOneof("type") == "script_finished" and not self._is_interim(message))
        self.hears("session_status_changed")  # that nothing is running any more
        return self.elements

    @staticmethod
    def _is_interim(message: ForwardMsg) -> bool:
        return message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def hears(self, kind: str) -> ForwardMsg:
        """Return the next message of a kind."""
        return self._read(lambda message: message.WhichOneof("type") == kind)[-1]

    def heard_until(self, kind: str) -> list[str]:
        """Return the kinds of all messages until the next of this one, which is the last."""
        return [message.WhichOneof("type") for message in self._read(lambda each: each.WhichOneof("type") == kind)]

    def _read(self, ends: Callable[[ForwardMsg], bool]) -> list[ForwardMsg]:
        """Return all messages until one that ends it; raises TimeoutError after ``PATIENCE_S`` without any."""
        messages = []
        while True:
            message = ForwardMsg.FromString(self._line.recv(timeout=PATIENCE_S))
            messages.append(message)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session_id = message.new_session.initialize.session_id
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self.elements.append(message.delta.new_element)
            if ends(message):
                return messages

    def drawn(self, kind: str) -> list:
        """Return the elements of a kind that the last page drew."""
        return [getattr(element, kind) for element in self.elements if element.WhichOneof("type") == kind]


def click(widget_id: str) -> WidgetState:
    """What a browser reports when a button was pressed."""
    return WidgetState(id=widget_id, trigger_value=True)
