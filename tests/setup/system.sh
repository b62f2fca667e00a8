#!/usr/bin/env bash
# Installs the Debian packages that are missing, and those named behind it. Root, or sudo, is needed only if any is.
set -euo pipefail
packages=(
  # build: bindgen, whisper.cpp, FFmpeg and OpenCV headers
  build-essential clang libclang-dev llvm-dev cmake pkg-config nasm
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libswresample-dev
  libavfilter-dev libavdevice-dev libopencv-dev libheif-dev
  # models and samples
  python3 python3-venv python3-pip espeak-ng ffmpeg fonts-ocr-b fonts-liberation
  # tests of the service and the pages
  postgresql chromium
  "$@"
)
missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done
for tool in cargo node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed; this project expects Rust 1.95 and Node 20" >&2; exit 1; }
done
[ ${#missing[@]} -eq 0 ] && { echo "all there"; exit 0; }
echo "installing: ${missing[*]}"
run=()
[ "$(id -u)" -eq 0 ] || run=(sudo)
"${run[@]}" apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
