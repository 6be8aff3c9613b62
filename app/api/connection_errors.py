"""Connection errors: responses to bytes that are not a complete request, and their records in metrics and log."""

from starlette.responses import Response

from app.api.problems import problem
from app.errors import ApiError
from app.telemetry.recorder import RequestRecorder
from app.telemetry.request_context import RequestContext, new_request_id

CONNECTION_ERRORS_KEY = "connection_errors"
"""Of `ConnectionErrors` in the lifespan state, where `app.server` looks it up."""
MAX_BODY_BYTES_KEY = "max_body_bytes"
"""Of the maximum size of a request body, in the same state."""


class ConnectionErrors:
    """Responses of `app.server.http` to bytes that are not a request, such as a malformed head."""

    def __init__(self, recorder: RequestRecorder | None = None) -> None:
        """`recorder`: None disables recording."""
        self._recorder = recorder

    def answer(self, error: ApiError, seconds: float, client: tuple[str, int] | None = None) -> Response:
        """The problem response, recorded; `seconds`: time since the first byte; `client`: peer of the connection."""
        request_id = new_request_id()
        response = problem(error, "", request_id)
        response.headers["x-request-id"] = request_id
        if self._recorder is not None:
            self._recorder.count_refusal(error.reason)
            status = response.status_code
            context = RequestContext(request_id, "", "", route="other", status=status, seconds=seconds)
            self._recorder.record(context.from_client(client))
        return response

    def count_refusal(self, reason: str) -> None:
        """Count a connection that is closed without a response; see `RequestRecorder.count_refusal`."""
        if self._recorder is not None:
            self._recorder.count_refusal(reason)
