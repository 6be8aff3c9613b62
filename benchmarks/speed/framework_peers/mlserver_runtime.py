"""MLServer with adaptive batching; requests and answers are those of the Open Inference Protocol."""

import os
import socket
import sys
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Topics(MLModel):
    """BYTES in; topics and probabilities of the five most probable out, one row per headline."""

    async def load(self) -> bool:
        """Load the model."""
        from benchmarks.speed.framework_peers.model import Classifier  # noqa: PLC0415

        self._classify = Classifier()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Classify the headlines of one request, or of several that MLServer has put together."""
        predictions = self._classify(StringCodec.decode_input(payload.inputs[0]))
        topics = StringCodec.encode_output(
            "topic", [str(prediction["topic"]) for row in predictions for prediction in row]
        )
        topics.shape = [len(predictions), len(predictions[0])]
        values = np.array([[prediction["probability"] for prediction in row] for row in predictions])
        return InferenceResponse(
            model_name=self.name, outputs=[topics, NumpyCodec.encode_output("probability", values)]
        )


if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--port") + 1])
    with socket.socket() as free:  # gRPC cannot be switched off
        free.bind(("127.0.0.1", 0))
        os.environ |= {"MLSERVER_HTTP_PORT": str(port), "MLSERVER_GRPC_PORT": str(free.getsockname()[1])}
    os.environ["PYTHONPATH"] = str(Path.cwd())
    mlserver_program = str(Path(sys.executable).with_name("mlserver"))
    os.execv(mlserver_program, [mlserver_program, "start", str(Path(__file__).with_name("mlserver_model"))])
