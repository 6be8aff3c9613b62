"""The empty service with its answer ready: a model made once, for which FastAPI has nothing to validate."""

from fastapi import FastAPI

from app.api.schemas import BatchAnswer, BatchQuery, PredictAnswer, PredictQuery
from benchmarks.peers import empty

SINGLE = PredictAnswer.model_validate(empty.SINGLE)
BATCH = BatchAnswer.model_validate(empty.BATCH)

app = FastAPI()


@app.post("/predict")
async def predict(query: PredictQuery) -> PredictAnswer:
    return SINGLE


@app.post("/predict/batch")
async def predict_batch(query: BatchQuery) -> BatchAnswer:
    return BATCH
