"""Which models can be cut: those that treat each step alone, apart from the states of their recurrent layers.

Nothing is taken by default. A layer that is not known to leave the steps apart is refused by name.
"""

from collections.abc import Iterator

import keras
from keras import activations, layers

from lstm_lessons.arguments import refusal

RECURRENT = {layers.LSTM, layers.GRU, layers.SimpleRNN, layers.RNN}
CELLS = {layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell}
MERGING = {
    layers.Add,
    layers.Average,
    layers.Concatenate,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Subtract,
}
STEPWISE = {
    layers.Activation,
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.BatchNormalization,
    layers.Dense,
    layers.Dropout,
    layers.ELU,
    layers.Embedding,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.LayerNormalization,
    layers.LeakyReLU,
    layers.Masking,
    layers.PReLU,
    layers.RMSNormalization,
    layers.ReLU,
    layers.Rescaling,
    layers.Softmax,
    layers.SpatialDropout1D,
    layers.UnitNormalization,
}
ACTIVATIONS = [  # each works along the features, if along any axis
    getattr(activations, name)
    for name in dir(activations)
    if name[0] != "_" and name not in ("deserialize", "get", "serialize")
]
WHY_NOT = {
    "Bidirectional": "it also reads backwards, from an end that has not come yet; use the forward layer alone",
    "Flatten": "it joins all steps; leave it out, and let the last recurrent layer return its last output only",
    "Pool": "it needs all steps; let the last recurrent layer return its last output only",
    "Conv": "it looks at several steps at once; apply it before, to steps that you hold back yourself",
    "Attention": "it looks at all steps at once; leave it out",
    "GroupNormalization": "it takes its mean over the steps too; use LayerNormalization",
    "TimeDistributed": "what it wraps is not known to treat a step alone; use a Dense layer",
    "RepeatVector": "it makes steps that have not come; feed them in yourself",
    "Reshape": "it moves values from step to step; leave it out",
    "Permute": "it exchanges steps and features; leave it out",
    "Padding": "it adds steps; leave it out",
    "Cropping": "it drops steps; leave it out",
    "UpSampling": "it adds steps; leave it out",
    "Lambda": "what it does cannot be known; use layers of Keras",
}
OF_ONE_STEP = "layers that treat each step alone"


def require_stepwise(model: keras.Model) -> None:
    """ValueError naming the layer, why, and what to use, where a model is not known to treat each step alone."""
    graph = graph_of(model)
    if len(graph.inputs) != 1:
        raise refusal("model", "one input", f"{len(graph.inputs)}")
    _require_free_input(graph.inputs[0])
    seen = set()
    for node in _calls(graph):
        layer = node.operation
        if trouble := _trouble_of_call(node, id(layer) in seen):
            raise refusal("model", OF_ONE_STEP, f"layer {layer.name!r} ({type(layer).__name__}): {trouble}")
        seen.add(id(layer))
    if not any(type(node.operation) in RECURRENT for node in _calls(graph)):
        raise refusal("model", "a recurrent layer (LSTM, GRU, SimpleRNN)", f"{model.name!r}, which has none")


def vocabulary_size(model: keras.Model) -> int | None:
    """How many whole numbers a model knows that begins with an Embedding; None where it reads features."""
    graph = graph_of(model)
    if len(graph.inputs[0].shape) > 2:
        return None
    return min(node.operation.input_dim for node in _calls(graph) if isinstance(node.operation, layers.Embedding))


def graph_of(model: keras.Model) -> keras.Function:
    """The graph of layers of a functional or sequential model; ValueError where there is none to look at."""
    if not isinstance(model, keras.Model):
        raise refusal("model", "a keras.Model", type(model).__name__)
    graph = model._functional if isinstance(model, keras.Sequential) else model
    by_keras = all(run.__module__.startswith("keras.") for run in (type(model).__call__, type(model).call))
    if not (by_keras and isinstance(graph, keras.Function)):
        raise refusal(
            "model",
            "a Sequential or functional model that is built (give it a keras.Input)",
            f"{model.name!r} ({type(model).__name__}), whose layers cannot be followed",
        )
    return graph


def is_model(operation) -> bool:
    """Whether an operation of a graph is itself a model."""
    return isinstance(operation, keras.Model)


def _require_free_input(tensor) -> None:
    shape = tuple(tensor.shape)
    if len(shape) not in (2, 3) or None in shape[2:]:
        expected = "an input of shape (batch_size, timesteps, features), or (batch_size, timesteps) for an Embedding"
        raise refusal("model", expected, shape)


def _calls(graph) -> Iterator:
    """The nodes of a graph on which its outputs depend, and those of the models within it, at each of their calls.

    What only makes masks is left out: Keras makes it, from Masking and Embedding.
    """
    needed = {id(tensor) for tensor in graph.outputs}
    for depth in sorted(graph._nodes_by_depth):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input or needed.isdisjoint(map(id, node.outputs)):
                continue
            needed.update(map(id, _read(node)))
            inner = graph_of(node.operation) if is_model(node.operation) else None
            yield from _calls(inner) if inner and len(inner.inputs) == 1 else [node]


def _read(node) -> list:
    """The tensors that a node reads, without masks."""
    kwargs = {name: value for name, value in node.arguments.kwargs.items() if name != "mask"}
    return [
        tensor for tensor in keras.tree.flatten((node.arguments.args, kwargs)) if isinstance(tensor, keras.KerasTensor)
    ]


def _trouble_of_call(node, called_before: bool) -> str | None:
    masks = keras.tree.flatten(node.arguments.kwargs.get("mask"))
    made_by_keras = {id(getattr(tensor, "_keras_mask", None)) for tensor in _read(node)} | {id(None)}
    if not made_by_keras.issuperset(map(id, masks)):
        return "its mask is wired in the graph; use Masking or Embedding(mask_zero=True)"
    if called_before and type(node.operation) in RECURRENT:
        return "it is called twice, and has only one state; use a layer for each call"
    return _trouble(node.operation, [len(tensor.shape) for tensor in _read(node)])


def _trouble(layer, ranks: list[int]) -> str | None:
    """Why a layer that gets tensors of these ranks cannot be cut, if so."""
    kind = type(layer)
    if kind in RECURRENT:
        return _trouble_of_recurrent(layer, ranks)
    if is_model(layer):
        return "it reads several inputs; give it one, or build the model without it"
    if kind is layers.TimeDistributed and type(layer.layer) in STEPWISE - {layers.Embedding, layers.Masking}:
        return _trouble(layer.layer, [ranks[0] - 1])
    if kind in MERGING:
        return _trouble_of_merging(layer, ranks)
    if kind in STEPWISE:
        return _trouble_of_stepwise(layer, ranks[0])
    for part, why in WHY_NOT.items():
        if part in kind.__name__:
            return why
    return "it is not known to; use such as Dense, Dropout, Activation, LayerNormalization, Add"


def _trouble_of_recurrent(layer, ranks) -> str | None:
    if len(ranks) > 1:
        return "its initial_state is wired in the graph; leave it out, and give the states to step"
    if layer.go_backwards:
        return "it reads backwards (go_backwards=True), from an end that has not come yet; use a forward layer"
    if layer.return_state:
        return "it returns its states (return_state=True); leave that out, step returns them all"
    cells = layer.cell.cells if isinstance(layer.cell, layers.StackedRNNCells) else [layer.cell]
    for cell in cells:
        if type(cell) not in CELLS:
            return f"what its cell ({type(cell).__name__}) does is not known; use LSTMCell, GRUCell or SimpleRNNCell"
        if not all(_known(function) for function in (cell.activation, getattr(cell, "recurrent_activation", None))):
            return "its activation is not one of Keras; use one of keras.activations"
    return None


def _trouble_of_merging(layer, ranks) -> str | None:
    if len(set(ranks)) > 1:
        return "it would mix one step with all the others; give it inputs that all have steps, or none"
    if getattr(layer, "axis", -1) not in (-1, ranks[0] - 1):
        return "it joins along another axis than the features; use axis=-1"
    return None


def _trouble_of_stepwise(layer, rank: int) -> str | None:
    axes = keras.tree.flatten(getattr(layer, "axis", -1))
    if any(axis not in (-1, rank - 1) for axis in axes):
        return "it works along another axis than the features; use axis=-1"
    if not _known(getattr(layer, "activation", None)):
        return "its activation is not one of Keras; use one of keras.activations"
    if isinstance(layer, layers.PReLU) and rank == 3 and layer.alpha.shape[0] != 1:
        return "it has weights of its own for each step; use shared_axes=[1]"
    if isinstance(layer, layers.Rescaling) and max(_rank(layer.scale), _rank(layer.offset)) > 1:
        return "it scales each step by a number of its own; use one number, or one a feature"
    if isinstance(layer, layers.Embedding) and rank != 2:
        return "it is not at the beginning; let it read the (batch_size, timesteps) integers"
    return None


def _known(function) -> bool:
    if isinstance(function, keras.Layer):
        return type(function) in STEPWISE and _trouble_of_stepwise(function, rank=0) is None
    return function is None or function in ACTIVATIONS


def _rank(number) -> int:
    return len(keras.ops.shape(number))
