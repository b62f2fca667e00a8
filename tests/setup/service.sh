#!/usr/bin/env bash
# Makes var/venv-service: an S3 server, a mail server, a reader of PDF and an API tester for the service's tests.
# Does nothing when it stands already.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=var/venv-service requirements=tests/setup/service-requirements.txt
cmp -s "$requirements" "$venv/ready" && { echo "all there"; exit 0; }
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
# Last: what was cut short is made anew.
cp "$requirements" "$venv/ready"
