"""ONNX graphs of a bundle, as one request after the other runs them."""

from collections.abc import Mapping

import numpy as np
import onnxruntime

from daogou.features.items import Float32


class Graph:
    """One graph with one output. Safe to share among threads.

    Parameters
    ----------
    model
        The graph as its file holds it.
    """

    def __init__(self, model: bytes) -> None:
        self.model = model
        options = onnxruntime.SessionOptions()
        # Requests run side by side; one thread each serves most in a second.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # A spinning thread burns the core that the next request waits for.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, inputs: Mapping[str, object]) -> Float32:
        """The output for ``inputs`` by name."""
        return np.asarray(self._session.run(None, inputs)[0], np.float32)
