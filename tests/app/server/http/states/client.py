"""A client of one connection: what it has sent, and the answers that it must get."""

from app.errors import OverloadedError, SlowRequestError
from app.server.http.protocol import HttpProtocol
from tests.app.server.http.states.answers import Answer, read_answers
from tests.app.server.http.states.scripted_request import CUT, ENDLESS, ScriptedRequest
from tests.app.server.http.states.virtual_loop import VirtualLoop
from tests.app.server.http.states.virtual_transport import VirtualTransport


class Client:
    """One connection; `pending` are the bytes that its protocol has not received."""

    def __init__(self, loop: VirtualLoop, protocol: HttpProtocol) -> None:
        self.transport = VirtualTransport(loop)
        self.protocol = protocol
        self.transport.protocol = self.protocol
        self.pending = b""
        self.received = 0
        """Bytes that the protocol has received while it still parsed."""
        self.requests: list[ScriptedRequest] = []
        self.gone = False
        self.protocol.connection_made(self.transport)
        self.transport.reading = not self.transport.closing

    def deliver(self, size: int) -> None:
        transport, protocol = self.transport, self.protocol
        if transport.reading and not transport.closing and self.pending:
            data, self.pending = self.pending[:size], self.pending[size:]
            self.received += len(data) if protocol._error is None and not protocol._hung_up else 0
            protocol.data_received(data)

    def answers(self) -> list[Answer]:
        """The answers so far, which belong to the requests in order, each to one."""
        answers = read_answers(bytes(self.transport.written), self.requests)
        for number, answer in enumerate(answers):
            last = number == len(answers) - 1
            assert last or (answer.complete and not answer.closes), answers
            if answer.name is None:
                assert answer.closes, answer
                continue
            request = self.requests[number]
            assert answer.name == request.name
            if answer.complete and answer.body[:1].isdigit():
                assert answer.body == b"%d %b" % (request.size, request.name.encode())
        return answers

    def check_that_all_are_answered(self, stopping: bool) -> None:
        """Every complete valid request has its answer, unless something may have ended the connection before."""
        answers, protocol = self.answers(), self.protocol
        ended = answers and (answers[-1].closes or self.requests[len(answers) - 1].script in CUT)
        refused = isinstance(protocol._error, (OverloadedError, SlowRequestError)) or stopping
        if ended or self.gone or self.transport.aborted or (answers and refused):
            return
        end = 0
        for number, request in enumerate(self.requests):
            end += len(request.raw)
            if end > self.received or not request.valid or request.script in ENDLESS:
                return
            assert number < len(answers), f"{request.name} is not answered"
