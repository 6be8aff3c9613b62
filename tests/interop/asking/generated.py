"""A client that openapi-python-client wrote from the service's OpenAPI document; its folder is the third argument."""

import json
import sys

url, headlines = sys.argv[1], json.loads(sys.argv[2])
sys.path.insert(0, sys.argv[3])

from reuters_topics_client import Client  # noqa: E402
from reuters_topics_client.api.model import list_topics  # noqa: E402
from reuters_topics_client.api.open_inference import infer  # noqa: E402
from reuters_topics_client.api.prediction import predict, predict_batch  # noqa: E402
from reuters_topics_client.models import BatchRequest, InferRequest, PredictRequest, RequestInput  # noqa: E402

answers = {}
with Client(base_url=url) as client:
    answers["single"] = [
        [(one.topic, one.probability) for one in predict.sync(client=client, body=PredictRequest(text)).predictions]
        for text in headlines
    ]
    batch = predict_batch.sync(client=client, body=BatchRequest(headlines, top_k=1))
    answers["batch"] = [[(one.topic, one.probability) for one in result.predictions] for result in batch.results]
    answers["topics"] = len(list_topics.sync(client=client).topics)
    wrong = predict.sync_detailed(client=client, body=PredictRequest("gold", top_k=99))
    answers["wrong"] = [wrong.status_code, wrong.parsed.title]
    tensor = RequestInput("headline", [len(headlines)], "BYTES", data=headlines)
    tensors = infer.sync(name="tiny", client=client, body=InferRequest(inputs=[tensor]))
    answers["v2"] = [one.data for one in tensors.outputs]
print(json.dumps(answers))
