#!/usr/bin/env bash
# Hands a model and a home folder from this machine's platform to TFX 1.21 under Debian 13, and a model back, and
# runs the tests of what differs between the two there. As root, with debootstrap; see debian13.sh, whose exit
# status 75, where that is not possible, is this one's too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export TF_CPP_MIN_LOG_LEVEL=3

.ci/debian13.sh possible
VGG_EXCHANGE=$(mktemp -d)
export VGG_EXCHANGE
trap 'rm -rf "$VGG_EXCHANGE"' EXIT
here=$VGG_EXCHANGE/here there=$VGG_EXCHANGE/there

make setup
.venv/bin/python tests/platforms/handed_over.py "$here"
VGG_OTHER_PLATFORM=$here .ci/debian13.sh bash -c "
    .venv/bin/python tests/platforms/handed_over.py '$there' --without-run &&
    .venv/bin/python -m pytest -m 'differs' --durations=5 &&
    .venv/bin/python -m pytest tests/platforms"
VGG_OTHER_PLATFORM=$there .venv/bin/python -m pytest tests/platforms
