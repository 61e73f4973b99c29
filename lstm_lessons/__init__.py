"""State in LSTM networks: the package behind the course.

`import lstm_lessons` is quick and quiet: it pins Keras to TensorFlow and keeps TensorFlow's log lines out of the
notebooks. Every public name is loaded when it is first used.
"""

from importlib import import_module

from lstm_lessons import backend

backend.pin_tensorflow()

_ROOM_OF = {
    "RecursiveForecaster": "forecasting",
    "ResetStates": "training",
    "StepModel": "streaming",
    "StatesFileError": "persistence",
    "Streams": "streaming",
    "carryover_batches": "batches",
    "carryover_breaks": "batches",
    "check": "exercises",
    "cosine": "datasets",
    "digits": "datasets",
    "draw_carryover": "figures",
    "draw_fit": "figures",
    "draw_gates": "figures",
    "draw_rows_read": "figures",
    "draw_seismograph": "figures",
    "draw_spread": "figures",
    "draw_state": "figures",
    "draw_who_hears_whom": "figures",
    "forecast": "forecasting",
    "get_states": "states",
    "horizon_rmse": "forecasting",
    "japanese_vowels": "datasets",
    "language_switch": "languages",
    "leftover_steps": "batches",
    "load_states": "persistence",
    "memory_test": "datasets",
    "moving_average": "datasets",
    "nino_sst": "datasets",
    "play": "widgets",
    "preserved_states": "states",
    "require_full_batches": "batches",
    "reset_states": "states",
    "save_states": "persistence",
    "say": "languages",
    "set_states": "states",
    "sine_and_cosine": "datasets",
    "sliding_windows": "batches",
    "stateful_copy": "streaming",
}
__all__ = sorted(_ROOM_OF)


def __getattr__(name: str):
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'lstm_lessons' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"lstm_lessons.{_ROOM_OF[name]}"), name)


def __dir__():
    return __all__
