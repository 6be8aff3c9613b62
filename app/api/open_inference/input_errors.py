"""Errors of the input tensor: a wrong datatype before wrong elements, and positions as in the request."""

from pydantic import ValidationError
from pydantic_core import from_json

from app.api.field_errors import error_at
from app.api.open_inference.schemas import MAX_TENSORS, InferRequest
from app.errors import TensorError, quoted
from app.validation_messages import validation_message


def validate_request(body: bytes) -> InferRequest:
    """The request in a JSON body.

    Raises:
        TensorError: an input is not of datatype BYTES. Its elements are then numbers, so without this the error would
            be that they are not strings.
        ValidationError: the body does not match the schema.
    """
    try:
        return InferRequest.model_validate_json(body)
    except ValidationError:
        datatype = _other_datatype(body)
        if datatype is None:
            raise
    raise wrong_datatype(datatype)


def wrong_datatype(datatype: str) -> TensorError:
    """The error for an input that is not of datatype BYTES."""
    return TensorError(f"The input must be of datatype BYTES, not {quoted(datatype)}; send the headlines as strings.")


def at_input(error: ValidationError) -> ValidationError:
    """The error for the field `headlines` of a batch as one for the elements of the tensor."""
    return ValidationError.from_exception_data(
        error.title,
        [
            error_at(("inputs", 0, "data", *one["loc"][1:]), validation_message(one))
            for one in error.errors(include_url=False, include_input=False)
        ],
    )


def _other_datatype(body: bytes) -> str | None:
    try:
        request = from_json(body)
    except ValueError:
        return None
    inputs = request.get("inputs") if isinstance(request, dict) else None
    for tensor in inputs[:MAX_TENSORS] if isinstance(inputs, list) else ():
        datatype = tensor.get("datatype") if isinstance(tensor, dict) else None
        if isinstance(datatype, str) and datatype != "BYTES":
            return datatype
    return None
