#!/usr/bin/env bash
# The distributed set-up on one machine: PostgreSQL, an S3 server, two `idproof serve`, two `idproof worker`.
# usage: cluster.sh services DIR   starts PostgreSQL and S3, and leaves them running
#        cluster.sh run DIR        prepares the database and runs the four processes until Ctrl-C
#        cluster.sh stop DIR       stops PostgreSQL and S3
# The S3 server (moto) keeps objects in memory: good for a look, not for keeping. The keyring lies in a
# directory here, since all processes share a machine; on several, put it into a bucket (vault.keys.place).
set -euo pipefail
cd "$(dirname "$0")/../.."
command=$1 dir=$(mkdir -p "$2" && cd "$2" && pwd)
postgres_port=${CLUSTER_POSTGRES_PORT:-55432} s3_port=${CLUSTER_S3_PORT:-55900} http_port=${CLUSTER_HTTP_PORT:-8787}
binaries=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)

# PostgreSQL refuses to run as root.
postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@")
  else
    "$@"
  fi
}

case $command in
services)
  if ! [ -d "$dir/postgres" ]; then
    mkdir "$dir/postgres"
    [ "$(id -u)" -ne 0 ] || chown postgres "$dir/postgres"
    postgres "$binaries/initdb" -D "$dir/postgres/data" -U idproof --auth=trust -E UTF8 >/dev/null
  fi
  postgres "$binaries/pg_ctl" -D "$dir/postgres/data" -w -l "$dir/postgres/log" \
    -o "-p $postgres_port -k $dir/postgres -c listen_addresses=127.0.0.1 -c max_connections=200" start >/dev/null
  psql -qh 127.0.0.1 -p "$postgres_port" -U idproof -d postgres -tAc \
    "SELECT 1 FROM pg_database WHERE datname = 'idproof'" | grep -q 1 ||
    createdb -h 127.0.0.1 -p "$postgres_port" -U idproof idproof
  setsid var/venv-service/bin/moto_server -H 127.0.0.1 -p "$s3_port" >"$dir/s3.log" 2>&1 &
  echo $! >"$dir/s3.pid"
  for _ in $(seq 100); do
    python3 -c "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:$s3_port/media', method='PUT'))" 2>/dev/null && break
    sleep 0.1
  done
  echo "PostgreSQL on 127.0.0.1:$postgres_port, S3 on 127.0.0.1:$s3_port (bucket media)"
  ;;
run)
  export IDPROOF_DATABASE_URL=postgres://idproof@127.0.0.1:$postgres_port/idproof
  export IDPROOF_VAULT_STORE_KIND=s3 IDPROOF_VAULT_STORE_BUCKET=media
  export IDPROOF_VAULT_STORE_ENDPOINT=http://127.0.0.1:$s3_port
  export IDPROOF_VAULT_STORE_ACCESS_KEY=local IDPROOF_VAULT_STORE_SECRET_KEY=local
  export IDPROOF_VAULT_KEYS_PLACE_KIND=directory IDPROOF_VAULT_KEYS_PLACE_DIR=$dir/keys
  export IDPROOF_VAULT_KEYS_ROOT_FILE=$dir/root.key IDPROOF_VAULT_UPLOAD_SPOOL=$dir/spool
  export IDPROOF_OUTBOX_DIR=$dir/outbox IDPROOF_HTTP_PUBLIC_URL=http://127.0.0.1:$http_port
  "$IDPROOF" migrate
  for n in 0 1; do
    IDPROOF_HTTP_LISTEN=127.0.0.1:$((http_port + n)) IDPROOF_HTTP_METRICS_LISTEN=127.0.0.1:$((http_port + 10 + n)) \
      "$IDPROOF" serve 2>"$dir/serve-$n.log" &
    IDPROOF_WORKER_METRICS_LISTEN=127.0.0.1:$((http_port + 20 + n)) \
      "$IDPROOF" worker 2>"$dir/worker-$n.log" &
  done
  trap 'kill $(jobs -p); wait' INT TERM
  echo "two HTTP processes on ports $http_port and $((http_port + 1)), two workers; logs in $dir; Ctrl-C stops them"
  wait -n || true
  # One that ends takes the others along: a half set-up is no set-up.
  kill $(jobs -p) 2>/dev/null || true
  wait
  ;;
stop)
  kill "$(cat "$dir/s3.pid")" 2>/dev/null || true
  postgres "$binaries/pg_ctl" -D "$dir/postgres/data" -m fast stop >/dev/null
  ;;
*)
  echo "usage: cluster.sh services|run|stop DIR" >&2
  exit 2
  ;;
esac
