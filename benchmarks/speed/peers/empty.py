"""A FastAPI service that does nothing: the same request and response models around a constant answer.

It returns plain values, which FastAPI validates and serializes by the response model, as an answer that was computed
a moment ago would be. `empty_ready.py` returns the same as a model made once, which FastAPI only serializes.
"""

from typing import Any

from fastapi import FastAPI

from app.api.schemas import BatchRequest, BatchResponse, PredictRequest, PredictResponse

PREDICTIONS = [
    {"topic": "crude", "name": "Crude oil", "label": 16, "probability": 0.9712},
    {"topic": "nat-gas", "name": "Natural gas", "label": 17, "probability": 0.0116},
    {"topic": "heat", "name": "Heating oil", "label": 33, "probability": 0.0051},
    {"topic": "ship", "name": "Shipping", "label": 13, "probability": 0.0048},
    {"topic": "pet-chem", "name": "Petrochemicals", "label": 39, "probability": 0.0012},
]
WORDS = {"known": 7, "rare": 0, "unknown": ["brent"]}
RESULT = {"predictions": PREDICTIONS, "topic_set": None, "outside": 0.0113, "words": WORDS, "abstained": None}
MODEL = {"name": "empty", "version": "1"}
SINGLE = {**RESULT, "model": MODEL}
BATCH = {"results": [RESULT] * 100, "model": MODEL}

app = FastAPI()


@app.post("/predict", response_model=PredictResponse)
async def predict(query: PredictRequest) -> dict[str, Any]:
    return SINGLE


@app.post("/predict/batch", response_model=BatchResponse)
async def predict_batch(query: BatchRequest) -> dict[str, Any]:
    return BATCH
