#!/usr/bin/env bash
# The main job on every sample case; fails when one ends as it never may.
# usage: demo.sh SAMPLES OUT
set -euo pipefail
samples=$1 out=$2
mkdir -p "$out"
"$IDPROOF" doctor || true
python3 - "$samples" "$out" <<'PY'
import json, os, subprocess, sys
samples, out = sys.argv[1:]
cases = json.load(open(os.path.join(samples, "cases.json")))["cases"]
rows, bad = [], 0
for case in cases:
    name = case["name"]
    report = os.path.join(out, name + ".json")
    command = [os.environ["IDPROOF"], "verify"]
    folder = os.path.join(samples, case["folder"])
    for document in case["document"]:
        command += ["--document", os.path.join(folder, document)]
    command += ["--video", os.path.join(folder, case["video"]), "--digits", case["digits"],
                "--language", case["language"], "--out", report]
    if case.get("identity"):
        command += ["--identity", os.path.join(folder, case["identity"])]
    print(f"\n=== {name}: {case['what']}", flush=True)
    done = subprocess.run(command)
    decision = json.load(open(report))["decision"] if done.returncode == 0 else f"exit {done.returncode}"
    wrong = done.returncode != 0 or decision in case["never"]
    bad += wrong
    rows.append((name, decision, "NEVER ALLOWED" if wrong else "as it may"))
print("\ncase                             decision")
for row in rows:
    print(f"{row[0]:32} {row[1]:10} {row[2]}")
print(f"\nReports: {out}")
sys.exit(1 if bad else 0)
PY
