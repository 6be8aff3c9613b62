"""LitServe with its batching; a request has one headline or a list of them."""

import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

import litserve

Topics = list[dict[str, object]]


class Api(litserve.LitAPI):
    """The steps of a request, in LitServe's terms; several requests become one batch."""

    def setup(self, device: str) -> None:
        """Load the model, in the worker."""
        from benchmarks.speed.framework_peers.model import Classifier  # noqa: PLC0415

        self._classify = Classifier()

    def decode_request(self, request: dict[str, Any]) -> list[str]:
        """The headlines of a request."""
        return request["headlines"] if "headlines" in request else [request["headline"]]

    def batch(self, inputs: list[list[str]]) -> list[str]:
        """The headlines of several requests as one list."""
        self._sizes = list(map(len, inputs))
        return list(chain.from_iterable(inputs))

    def predict(self, x: list[str]) -> list[Topics]:
        """The most probable topics of each headline."""
        return self._classify(x)

    def unbatch(self, output: list[Topics]) -> list[list[Topics]]:
        """The answers by request."""
        rows: Iterator[Topics] = iter(output)
        return [[next(rows) for _ in range(size)] for size in self._sizes]

    def encode_response(self, output: list[Topics]) -> list[Topics]:
        """What is sent."""
        return output


if __name__ == "__main__":
    # Of the timeouts from 0 to 10 ms that were tried, 5 ms gave most requests per second.
    server = litserve.LitServer(
        Api(max_batch_size=64, batch_timeout=0.005), accelerator="cpu", devices=1, workers_per_device=1
    )
    port = int(sys.argv[sys.argv.index("--port") + 1])
    server.run(
        host="127.0.0.1",
        port=port,
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
