"""TensorFlow with a compiled function: fixed signature, warmed up, called on the event loop."""

import keras
import tensorflow as tf
from fastapi import FastAPI

from app.api.schemas import BatchRequest, BatchResponse, PredictRequest, PredictResponse
from benchmarks.speed.peers.answers import bundle, encoder, model_name, result, size, vectorize

model = keras.models.load_model(bundle.model_path)


@tf.function(input_signature=[tf.TensorSpec([None, size], tf.float32)])  # type: ignore[untyped-decorator]
def infer(multi_hot: tf.Tensor) -> tf.Tensor:
    return model(multi_hot, training=False)


infer(tf.zeros([1, size]))  # traced before the first request

app = FastAPI()


@app.post("/predict", response_model=PredictResponse)
async def predict(query: PredictRequest) -> PredictResponse:
    encoded = encoder.encode(query.headline)
    probabilities = infer(tf.constant(vectorize([encoded]))).numpy()[0]
    return PredictResponse(**dict(result(encoded, probabilities, query.top_k)), model=model_name)


@app.post("/predict/batch", response_model=BatchResponse)
async def predict_batch(query: BatchRequest) -> BatchResponse:
    encoded = [encoder.encode(headline) for headline in query.headlines]
    probabilities = infer(tf.constant(vectorize(encoded))).numpy()
    results = [result(text, row, query.top_k) for text, row in zip(encoded, probabilities, strict=True)]
    return BatchResponse(results=results, model=model_name)
