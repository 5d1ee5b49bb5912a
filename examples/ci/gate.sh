#!/bin/sh
# Measures two models against each other on a phone, and judges the difference.
#
#   gate.sh BASELINE CANDIDATE OUT [option of `mbert-bench gate` ...]
#
# The phone is MBERT_BENCH_DEVICE, or any that is attached. In OUT are afterwards junit.xml,
# gate.md, metrics.txt and gate.json, and the runs in attempt-1 and attempt-2.
#
# The exit code is that of mbert-bench. With 3 the phone was missing or got lost, and a second
# attempt is worth it. 1 is a proven regression, and is never tried again: to repeat a measurement
# until it is green is to switch the gate off.
set -u

if [ "$#" -lt 3 ]; then
  echo "usage: $0 BASELINE CANDIDATE OUT [option of mbert-bench gate ...]" >&2
  exit 2
fi
baseline=$1
candidate=$2
out=$3
shift 3

attempt() {
  run=$out/attempt-$1
  shift
  mkdir -p "$out" || return 2
  mbert-bench ab --device "${MBERT_BENCH_DEVICE:-any}" \
    --baseline "$baseline" --candidate "$candidate" --out "$run"
  measured=$?
  if [ "$measured" -ne 0 ] && [ "$measured" -ne 3 ]; then
    return "$measured"
  fi
  mbert-bench gate "$run" --junit "$out/junit.xml" --markdown "$out/gate.md" \
    --openmetrics "$out/metrics.txt" --json "$@" >"$out/gate.json"
  judged=$?
  # A proven regression stays one, also where other cases were not measured.
  if [ "$measured" -eq 0 ] || [ "$judged" -eq 1 ]; then
    return "$judged"
  fi
  return "$measured"
}

attempt 1 "$@"
code=$?
if [ "$code" -eq 3 ]; then
  echo "gate.sh: exit code 3, one more attempt" >&2
  attempt 2 "$@"
  code=$?
fi
exit "$code"
