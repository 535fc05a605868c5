"""Packaging: four packages, two commands. requirements.lock pins what these ranges allow."""

from setuptools import find_packages, setup

setup(
    name="vgg-pipeline",
    version="0.1.0",
    description="The VGG paper (Simonyan & Zisserman 2014) as a production TFX pipeline",
    python_requires=">=3.10,<3.11",
    packages=find_packages(include=["models*", "serving*", "components*", "pipeline*"]),
    package_data={
        "pipeline.report": ["templates/*"],
        "serving.page": ["*.html", "*.css", "*.js", "*.svg"],
    },
    install_requires=[
        "tfx[kfp]>=1.16,<1.17",
        "tensorflow>=2.16,<2.17",
        "keras>=3.12,<4",
        "tf-keras>=2.16,<2.17",
        "tensorflow-transform>=1.16,<1.17",
        "tensorflow-data-validation>=1.16,<1.17",
        "tensorflow-model-analysis>=0.47,<0.48",
        "tensorflow-serving-api>=2.16,<2.17",
        "apache-beam>=2.59,<2.67",
        "dill>=0.3.1.1",
        "click>=8",
        "rich>=13",
        "pillow>=10",
        "jinja2>=3",
        "markupsafe>=2",
        "scipy>=1.9",
        "tensorboard>=2.16,<2.17",
        "grpcio>=1.65,<1.66",
        # 1.48 is the last whose generated code fits protobuf 3.
        "grpcio-health-checking>=1.48,<1.49",
        "starlette>=1,<2",
        "uvicorn>=0.30,<1",
        "prometheus-client>=0.20,<1",
        "pip",
    ],
    entry_points={
        "console_scripts": [
            "vgg=pipeline.commands.vgg:main",
            # TFX's own command, with `run create --pipeline NAME` added: pipeline/commands/tfx_command.py
            "tfx=pipeline.commands.tfx_command:main",
        ]
    },
)
