"""The service of most tutorials: load the model, make a dense vector, `model.predict` in the route.

Its routes are `async def`: in the thread pool of `def` routes it answers no faster with 16 clients,
and more slowly with 64.
"""

import keras
from fastapi import FastAPI

from app.api.schemas import BatchRequest, BatchResponse, PredictRequest, PredictResponse
from benchmarks.speed.peers.answers import bundle, encoder, model_name, result, vectorize

model = keras.models.load_model(bundle.model_path)

app = FastAPI()


@app.post("/predict", response_model=PredictResponse)
async def predict(query: PredictRequest) -> PredictResponse:
    encoded = encoder.encode(query.headline)
    probabilities = model.predict(vectorize([encoded]), verbose=0)[0]
    return PredictResponse(**dict(result(encoded, probabilities, query.top_k)), model=model_name)


@app.post("/predict/batch", response_model=BatchResponse)
async def predict_batch(query: BatchRequest) -> BatchResponse:
    encoded = [encoder.encode(headline) for headline in query.headlines]
    probabilities = model.predict(vectorize(encoded), verbose=0)
    results = [result(text, row, query.top_k) for text, row in zip(encoded, probabilities, strict=True)]
    return BatchResponse(results=results, model=model_name)
