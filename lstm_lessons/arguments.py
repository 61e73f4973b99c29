"""What arguments have to be, and the one form of the error that says so: argument, what was expected, what came."""

import operator

import numpy as np


def refusal(argument: str, expected: str, received: object) -> ValueError:
    """The error for an argument that is not what was expected; whoever calls raises it."""
    return ValueError(f"{argument}: expected {expected}, got {received}")


def whole_number(argument: str, value: object, least: int, most: int | None = None) -> int:
    """`value` as an int; ValueError naming the argument where it is no whole number, below `least` or above `most`."""
    try:
        number = operator.index(value)
    except (TypeError, AttributeError):  # a tensor of another type raises the latter
        number = None
    too_large = most is not None and number is not None and number > most
    if number is None or number < least or too_large or isinstance(value, bool):
        span = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise refusal(argument, f"a whole number {span}", repr(value))
    return number


def real_number(argument: str, value: object) -> float:
    """`value` as a float; ValueError naming the argument where it is no single finite number, a boolean or text."""
    number = real_numbers(argument, "a number", value)
    if number.ndim or not np.isfinite(number):
        raise refusal(argument, "a finite number", repr(value))
    return float(number)


def as_array(argument: str, expected: str, value: object) -> np.ndarray:
    """`value` as an array; ValueError naming the argument where NumPy cannot make one of it, a ragged list perhaps."""
    try:
        return np.asarray(value)
    except Exception as error:  # whatever an object's own conversion raises
        raise refusal(argument, expected, f"a {type(value).__name__}, which is none: {error}") from error


def real_numbers(argument: str, expected: str, value: object) -> np.ndarray:
    """`value` as an array; ValueError naming the argument where it is none, or holds text, booleans or the like."""
    numbers = as_array(argument, expected, value)
    if numbers.dtype.kind not in "iuf" and "float" not in numbers.dtype.name:  # bfloat16 is of kind V
        raise refusal(argument, "real numbers", f"values of type {numbers.dtype}")
    return numbers


def finite_numbers(argument: str, numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers cast to a type; ValueError naming the argument where one of them then is NaN or infinite."""
    with np.errstate(over="ignore"):
        cast = numbers.astype(dtype, copy=False)
    if not np.isfinite(cast).all():
        count = np.count_nonzero(~np.isfinite(cast))
        raise refusal(argument, f"finite values (as {cast.dtype})", f"{count} NaN or infinite")
    return cast
