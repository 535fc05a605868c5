"""Packaging: four packages, two commands. requirements-tfx-*.lock pin what these ranges allow.

Two platforms: TFX 1.16 where Python is 3.10, TFX 1.21 (whose wheels want glibc 2.39) where it is newer.
"""

from setuptools import find_packages, setup


def where(marker: str, *requirements: str) -> list[str]:
    """These requirements, for that kind of Python alone."""
    return [f"{requirement}; {marker}" for requirement in requirements]


ON_TFX_1_16 = where(
    'python_version < "3.11"',
    "tfx[kfp]>=1.16,<1.17",
    "tensorflow>=2.16,<2.17",
    "keras>=3.12,<4",
    "tf-keras>=2.16,<2.17",
    "tensorflow-transform>=1.16,<1.17",
    "tensorflow-data-validation>=1.16,<1.17",
    "tensorflow-model-analysis>=0.47,<0.48",
    "tensorflow-serving-api>=2.16,<2.17",
    "apache-beam>=2.59,<2.67",
    "tensorboard>=2.16,<2.17",
    "grpcio>=1.65,<1.66",
    # 1.48 is the last whose generated code fits protobuf 3.
    "grpcio-health-checking>=1.48,<1.49",
)
ON_TFX_1_21 = where(
    'python_version >= "3.11"',
    "tfx>=1.21,<1.22",
    # The extra tfx[kfp] ends with Python 3.11.
    "kfp>=2.17,<3",
    "tensorflow>=2.21,<2.22",
    "keras>=3.15,<4",
    "tf-keras>=2.21,<2.22",
    "tensorflow-transform>=1.21,<1.22",
    "tensorflow-data-validation>=1.21,<1.22",
    "tensorflow-model-analysis>=0.52,<0.53",
    # tfx-bsl 1.21 wants it below 2.20.
    "tensorflow-serving-api>=2.19,<2.20",
    "apache-beam>=2.77,<3",
    "tensorboard>=2.21,<2.22",
    "grpcio>=1.81,<2",
    "grpcio-health-checking>=1.81,<2",
)
ON_BOTH = [
    "dill>=0.3.1.1",
    "google-crc32c>=1.5",
    "click>=8",
    "rich>=13",
    "pillow>=10",
    "jinja2>=3",
    "markupsafe>=2",
    "keras-tuner>=1.4",
    "scipy>=1.9",
    "scikit-learn>=1.5",
    "safetensors>=0.4",
    "tomli>=2",
    "starlette>=1,<2",
    "uvicorn>=0.30,<1",
    "prometheus-client>=0.20,<1",
    "pip",
]

setup(
    name="vgg-pipeline",
    version="0.1.0",
    description="The VGG paper (Simonyan & Zisserman 2014) as a production TFX pipeline",
    python_requires=">=3.10,<3.14",
    classifiers=[
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in (10, 11, 12, 13)),
    ],
    packages=find_packages(include=["models*", "serving*", "components*", "pipeline*"]),
    package_data={
        "models": ["*.tsv"],
        "pipeline.report": ["templates/*"],
        "pipeline.data_check": ["templates/*"],
        "pipeline.similar": ["templates/*"],
        "serving.page": ["*.html", "*.css", "*.js", "*.svg"],
    },
    install_requires=[*ON_TFX_1_16, *ON_TFX_1_21, *ON_BOTH],
    entry_points={
        "console_scripts": [
            "vgg=pipeline.commands.vgg:main",
            # TFX's own command, with `run create --pipeline NAME` added: pipeline/commands/tfx_command.py
            "tfx=pipeline.commands.tfx_command:main",
        ]
    },
)
