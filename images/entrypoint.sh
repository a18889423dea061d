#!/bin/sh
# On AWS the runtime API is given and the runtime interface client speaks to it. Elsewhere (an emulator,
# `docker run`) the Runtime Interface Emulator stands in for it and listens on port 8080.
set -eu

if [ -n "${AWS_LAMBDA_RUNTIME_API:-}" ]; then
    exec python -m awslambdaric "$@"
fi
exec aws-lambda-rie python -m awslambdaric "$@"
