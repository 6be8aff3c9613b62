"""The empty service with a prepared answer: a response that is built once, so FastAPI validates nothing."""

from fastapi import FastAPI

from app.api.schemas import BatchRequest, BatchResponse, PredictRequest, PredictResponse
from benchmarks.speed.peers import empty

SINGLE = PredictResponse.model_validate(empty.SINGLE)
BATCH = BatchResponse.model_validate(empty.BATCH)

app = FastAPI()


@app.post("/predict")
async def predict(query: PredictRequest) -> PredictResponse:
    return SINGLE


@app.post("/predict/batch")
async def predict_batch(query: BatchRequest) -> BatchResponse:
    return BATCH
