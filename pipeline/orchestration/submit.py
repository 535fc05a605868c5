"""Hands a compiled pipeline to Vertex AI or to Kubeflow Pipelines."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from models.errors import InputError, one_line
from models.quiet_imports import quiet_imports
from pipeline.engine import Engine
from pipeline.exit_status import ComponentError
from pipeline.orchestration.compiled import write
from pipeline.orchestration.engine_settings import EngineSettings
from pipeline.orchestration.job import Job

WAITS_AT_MOST = 30 * 24 * 3600  # seconds: the paper's nets trained for two to three weeks
SUCCEEDED = "SUCCEEDED"
LONGEST_CAUSE = 300  # characters


def submit(
    job: Job,
    engine: Engine,
    settings: EngineSettings,
    values: Mapping[str, Any],
    *,
    wait: bool = False,
    say=print,
) -> None:
    """Starts `job`, says where its run can be seen, and with `wait` returns when it has ended.

    Args:
        job: compiled for `engine`.
        engine: Vertex or Kubeflow.
        settings: project and region, or host, and whose rights the components have.
        values: of run-time values, by name.
        wait: for the run's end.
        say: prints a line.

    Raises:
        InputError: the cluster is not fully named, or there are no credentials for it.
        ComponentError: the service refuses or cannot be reached, or with `wait` the run failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ("job.json" if engine is Engine.VERTEX else "pipeline.yaml")
        write(job.spec, file, engine)
        to = _to_vertex if engine is Engine.VERTEX else _to_kubeflow
        to(job, str(file), settings, values, wait, say)


def _to_vertex(
    job: Job, file: str, settings: EngineSettings, values: Mapping[str, Any], wait: bool, say
) -> None:
    if not settings.project or not settings.region:
        raise InputError(
            'cluster: no project or no region; expected project = "my-project" and region = "europe-west4"'
        )
    with quiet_imports():
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import aiplatform
    try:
        run = aiplatform.PipelineJob(
            display_name=f"vgg-{job.experiment}",
            template_path=file,
            pipeline_root=job.pipeline_root,
            parameter_values=dict(values),
            labels=dict(settings.labels),
            project=settings.project,
            location=settings.region,
        )
        run.submit(service_account=settings.service_account or None)
        say(f"Run: {run._dashboard_uri()}")
        if wait:
            run.wait()
    except GoogleAuthError as error:
        raise InputError(
            f"Vertex: no credentials ({_short(error)}); run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS to a service account's key file"
        ) from None
    except (GoogleAPIError, RuntimeError, ValueError) as error:
        raise ComponentError(f"Vertex: {_short(error)}") from None


def _to_kubeflow(
    job: Job, file: str, settings: EngineSettings, values: Mapping[str, Any], wait: bool, say
) -> None:
    if not settings.host:
        raise InputError('cluster: no host; expected host = "https://..." of Kubeflow Pipelines')
    with quiet_imports():
        import kfp
        from kfp_server_api import ApiException
        from urllib3.exceptions import HTTPError
    try:
        client = kfp.Client(host=settings.host)
        run = client.create_run_from_pipeline_package(
            file,
            arguments=dict(values),
            run_name=f"vgg-{job.experiment}-{datetime.now():%Y%m%d-%H%M%S}",
            experiment_name="vgg",
            pipeline_root=job.pipeline_root,
            service_account=settings.service_account or None,
        )
        say(f"Run: {settings.host.rstrip('/')}/#/runs/details/{run.run_id}")
        state = client.wait_for_run_completion(run.run_id, WAITS_AT_MOST).state if wait else SUCCEEDED
    except (ApiException, HTTPError, OSError, RuntimeError, ValueError) as error:
        raise ComponentError(f"Kubeflow at {settings.host}: {_short(error)}") from None
    if state.upper() != SUCCEEDED:
        raise ComponentError(f"Kubeflow at {settings.host}: run {run.run_id} ended as {state}")


def _short(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__, LONGEST_CAUSE)
