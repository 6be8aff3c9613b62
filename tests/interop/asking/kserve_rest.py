"""KServe's InferenceRESTClient, with tensors in JSON and in binary."""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

url, headlines = sys.argv[1], json.loads(sys.argv[2])


async def ask():
    answers = {}
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    answers["health"] = [
        await client.is_server_live(url),
        await client.is_server_ready(url),
        await client.is_model_ready(url, "tiny"),
        await client.is_model_ready(url, "other"),
    ]
    for binary in (False, True):
        tensor = InferInput("headline", [len(headlines)], "BYTES")
        tensor.set_data_from_numpy(np.array([one.encode() for one in headlines], dtype=object), binary_data=binary)
        request = InferRequest("tiny", [tensor], request_id="42")
        response = await client.infer(url, request, model_name="tiny")
        topic, probability = response.outputs
        topics = [one.decode() if isinstance(one, bytes) else one for one in topic.as_numpy()]
        answers[f"binary={binary}"] = list(zip(topics, probability.as_numpy().tolist(), strict=True))
        answers["id"] = response.id
    try:
        await client.infer(url, request, model_name="other")
    except httpx.HTTPStatusError as error:
        answers["error"] = error.response.status_code
    await client.close()
    return answers


print(json.dumps(asyncio.run(ask())))
