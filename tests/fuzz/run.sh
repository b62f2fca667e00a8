#!/usr/bin/env bash
# Runs every fuzz target for so many seconds each. usage: tests/fuzz/run.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
cargo build --release --locked -p idproof-decoder
tests/fuzz/seed/seeds.sh
export RUSTC_BOOTSTRAP=1
for target in protocol jpeg png webp tiff heic video mrz two_d_doc; do
  echo "== $target, $seconds s"
  nice -n 15 cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none "$target" \
    -- -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=65536
done
