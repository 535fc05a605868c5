"""TensorFlow Serving's flags that are taken and change nothing here, each with the reason."""

RETRIES = "a version that did not load is tried again when its files change"
ONE_LOADER = "versions are loaded one at a time, in a thread beside the requests"
LOOP = "requests are read on one event loop; --num_batch_threads is for the computing"
NO_TFLITE = "TensorFlow Lite models are not read; the SavedModel beside one is"
NO_TPU = "there is no TPU"

UNUSED: dict[str, tuple[type, str]] = {
    "rest_api_num_threads": (int, LOOP),
    "grpc_max_threads": (int, LOOP),
    "num_load_threads": (int, ONE_LOADER),
    "num_unload_threads": (int, ONE_LOADER),
    "max_num_load_retries": (int, RETRIES),
    "load_retry_interval_micros": (int, RETRIES),
    "flush_filesystem_caches": (bool, "the system gives its file caches back itself"),
    "enable_per_model_batching_parameters": (bool, "a model says itself which signatures compute row by row"),
    "platform_config_file": (str, "SavedModels of TensorFlow are the only platform; flags configure it"),
    "remove_unused_fields_from_bundle_metagraph": (bool, "the fields are kept; GetModelMetadata is the same"),
    "prefer_tflite_model": (bool, NO_TFLITE),
    "num_tflite_pools": (int, NO_TFLITE),
    "num_tflite_interpreters_per_pool": (int, NO_TFLITE),
    "xla_cpu_compilation_enabled": (bool, "TensorFlow compiles what a model marks for it either way"),
    "xla_gpu_compilation_enabled": (bool, "TensorFlow compiles what a model marks for it either way"),
    "enable_profiler": (bool, "there is no profiler service"),
    "thread_pool_factory_config_file": (str, "threads are TensorFlow's own; see --tensorflow_*_parallelism"),
    "mixed_precision": (str, "a model is computed in the precision that it was exported with"),
    "skip_initialize_tpu": (bool, NO_TPU),
    "enable_grpc_healthcheck_service": (bool, "gRPC's health service is always there"),
}
"""Type and reason by the flag's name."""
