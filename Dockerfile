# The project's images, of Debian 13, Python 3.13 and TFX 1.21; docs/clusters.md says how to build and push them.
#
#   docker build --target pipeline .                     every component, and Vertex's custom training
#   docker build --target pipeline --build-arg GPU=1 .   the same with CUDA's libraries, for machines with GPUs
#   docker build --target dataflow .                     workers of Dataflow
#   docker build --target serve .                        `vgg serve` alone, without TFX and Beam
#
# Every package is of requirements-tfx-1.21*.lock, by its hash. The base is any image of Debian 13 or Ubuntu 24.04,
# whose glibc TFX 1.21 needs; give it by its digest where a build is to be repeated.
ARG BASE=debian:trixie-slim
# Of the same Beam and Python as in the lock; a test compares them.
ARG BEAM=apache/beam_python3.13_sdk:2.77.0

FROM ${BASE} AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/*
# What runs belongs to root and is not written to by who runs it.
RUN useradd --uid 1000 --user-group --create-home vgg
ENV PATH=/opt/vgg/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /home/vgg

FROM base AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 VIRTUAL_ENV=/opt/vgg
COPY .ci/setup.sh .ci/
RUN .ci/setup.sh uv venv --quiet /opt/vgg
COPY requirements-tfx-1.21.lock requirements-tfx-1.21-gpu.lock ./
COPY setup.py pyproject.toml ./

FROM build AS build-pipeline
ARG GPU=0
RUN --mount=type=cache,target=/root/.cache/uv \
    if [ "$GPU" = 1 ]; then more=requirements-tfx-1.21-gpu.lock; fi \
    && .ci/setup.sh uv pip sync --quiet --require-hashes requirements-tfx-1.21.lock ${more:-}
COPY models models
COPY serving serving
COPY components components
COPY pipeline pipeline
RUN .ci/setup.sh uv pip install --quiet --no-deps --no-build-isolation .

FROM build AS build-serve
COPY serving/requirements.in ./
ARG GPU=0
RUN --mount=type=cache,target=/root/.cache/uv \
    if [ "$GPU" = 1 ]; then cuda=tensorflow[and-cuda]; fi \
    && .ci/setup.sh uv pip install --quiet --verify-hashes -c requirements-tfx-1.21.lock \
        -c requirements-tfx-1.21-gpu.lock -r requirements.in ${cuda:-}
COPY models models
COPY serving serving
COPY components components
COPY pipeline pipeline
RUN .ci/setup.sh uv pip install --quiet --no-deps --no-build-isolation .

FROM base AS serve
COPY --from=build-serve /opt/vgg /opt/vgg
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
EXPOSE 8500 8501
USER vgg
HEALTHCHECK --interval=10s --start-period=120s CMD ["python", "-c", \
    "import socket; socket.create_connection(('127.0.0.1', 8501), 5)"]
# Of the container; it is whoever publishes its ports that opens them.
ENTRYPOINT ["vgg", "serve", "--host=0.0.0.0"]
CMD ["--model_base_path=/models/vgg"]

FROM base AS pipeline
COPY --from=build-pipeline /opt/vgg /opt/vgg
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER vgg
# As TFX's own image has it; Kubeflow Pipelines and Vertex give each task's command in its place.
ENTRYPOINT ["python", "-m", "tfx.scripts.run_executor"]

FROM ${BEAM} AS beam

FROM pipeline AS dataflow
COPY --from=beam /opt/apache/beam /opt/apache/beam
# Beam is installed already: its start would make another environment for each worker, and install into it.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM pipeline
