"""tritonclient[http]: sync and asyncio, tensors in JSON and in binary, its classes, its errors."""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as sync
from tritonclient.http import aio
from tritonclient.utils import InferenceServerException

address = sys.argv[1].removeprefix("http://")
headlines = json.loads(sys.argv[2])


def tensors(module, binary):
    tensor = module.InferInput("headline", [len(headlines)], "BYTES")
    tensor.set_data_from_numpy(np.array(headlines, dtype=object), binary_data=binary)
    outputs = [module.InferRequestedOutput(name, binary_data=binary) for name in ("topic", "probability")]
    return [tensor], outputs


def table(result):
    topics = [one.decode() if isinstance(one, bytes) else one for one in result.as_numpy("topic")]
    return list(zip(topics, result.as_numpy("probability").tolist(), strict=True))


def refused(call):
    try:
        call()
    except InferenceServerException as error:
        return str(error)
    return None


answers = {}
with sync.InferenceServerClient(address) as client:
    answers["health"] = [client.is_server_live(), client.is_server_ready(), client.is_model_ready("tiny")]
    answers["other"] = client.is_model_ready("other")
    answers["metadata"] = [client.get_server_metadata(), client.get_model_metadata("tiny", "1")]
    for binary in (False, True):
        inputs, outputs = tensors(sync, binary)
        result = client.infer("tiny", inputs, outputs=outputs, request_id="42")
        answers[f"sync binary={binary}"] = table(result)
        answers["id"] = result.get_response()["id"]
    answers["default outputs"] = table(client.infer("tiny", inputs))
    answers["version"] = table(client.infer("tiny", inputs, model_version="1", outputs=outputs))
    classes = [sync.InferRequestedOutput("probabilities", class_count=2)]
    answers["classes"] = [
        [one.decode() for one in row] for row in client.infer("tiny", inputs, outputs=classes).as_numpy("probabilities")
    ]
    everything = client.infer("tiny", inputs, outputs=[sync.InferRequestedOutput("probabilities")])
    answers["sums"] = everything.as_numpy("probabilities").sum(axis=1).tolist()
    pending = client.async_infer("tiny", inputs, outputs=outputs)
    answers["async_infer"] = table(pending.get_result())
    answers["unknown model"] = refused(lambda: client.infer("other", inputs))
    answers["unknown output"] = refused(
        lambda: client.infer("tiny", inputs, outputs=[sync.InferRequestedOutput("score")])
    )


async def ask():
    async with aio.InferenceServerClient(address) as client:
        for binary in (False, True):
            inputs, outputs = tensors(aio, binary)
            answers[f"aio binary={binary}"] = table(await client.infer("tiny", inputs, outputs=outputs))
        try:
            await client.infer("other", inputs)
        except InferenceServerException as error:
            answers["aio unknown model"] = str(error)


asyncio.run(ask())
print(json.dumps(answers))
