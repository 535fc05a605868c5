#!/usr/bin/env bash
# Replays the Dockerfile in roots made by debootstrap and tries the images, where there is no Docker engine.
#
#   .ci/container.sh              builds the targets pipeline and serve, and tries them: the demo runs in it
#   .ci/container.sh build ARGS   builds alone: TARGET... [--arg NAME=VALUE]
#
# As root. Roots and what uv keeps lie in $VGG_CONTAINER (by default vgg-container in ~/.cache): 15 GB. Exit status
# 75 where no root can be made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FOLDER=${VGG_CONTAINER:-${XDG_CACHE_HOME:-$HOME/.cache}/vgg-container}

.ci/debian13.sh bare "$FOLDER/base"
if [ "${1:-}" = build ]; then
    shift
    exec python3 tests/helpers/replayed_image.py "$FOLDER/base" "$FOLDER/images" "$@"
fi
python3 tests/helpers/replayed_image.py "$FOLDER/base" "$FOLDER/images" pipeline serve
VOLUME=$(mktemp -d)
trap 'rm -rf "$VOLUME"' EXIT
python3 tests/platforms/try_images.py "$FOLDER/images" "$VOLUME"
