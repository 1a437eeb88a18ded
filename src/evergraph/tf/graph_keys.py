"""`GraphKeys`: the names under which a graph collects what programs and libraries look for."""

from __future__ import annotations

from typing import Final

__all__ = ["GraphKeys"]


class GraphKeys:
    """The standard collections of a graph; use them with `tf.get_collection`."""

    ACTIVATIONS: Final = "activations"
    ASSET_FILEPATHS: Final = "asset_filepaths"
    BIASES: Final = "biases"
    CONCATENATED_VARIABLES: Final = "concatenated_variables"
    COND_CONTEXT: Final = "cond_context"
    EVAL_STEP: Final = "eval_step"
    GLOBAL_STEP: Final = "global_step"
    GLOBAL_VARIABLES: Final = "variables"
    INIT_OP: Final = "init_op"
    LOCAL_INIT_OP: Final = "local_init_op"
    LOCAL_RESOURCES: Final = "local_resources"
    LOCAL_VARIABLES: Final = "local_variables"
    LOSSES: Final = "losses"
    METRIC_VARIABLES: Final = "metric_variables"
    MODEL_VARIABLES: Final = "model_variables"
    MOVING_AVERAGE_VARIABLES: Final = "moving_average_variables"
    QUEUE_RUNNERS: Final = "queue_runners"
    READY_FOR_LOCAL_INIT_OP: Final = "ready_for_local_init_op"
    READY_OP: Final = "ready_op"
    REGULARIZATION_LOSSES: Final = "regularization_losses"
    RESOURCES: Final = "resources"
    SAVEABLE_OBJECTS: Final = "saveable_objects"
    SAVERS: Final = "savers"
    SUMMARIES: Final = "summaries"
    SUMMARY_OP: Final = "summary_op"
    TABLE_INITIALIZERS: Final = "table_initializer"
    TRAINABLE_RESOURCE_VARIABLES: Final = "trainable_resource_variables"
    TRAINABLE_VARIABLES: Final = "trainable_variables"
    TRAIN_OP: Final = "train_op"
    UPDATE_OPS: Final = "update_ops"
    WEIGHTS: Final = "weights"
    WHILE_CONTEXT: Final = "while_context"
    _SUMMARY_COLLECTION: Final = "_SUMMARY_V2"
