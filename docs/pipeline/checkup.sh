#!/bin/sh
# A step of a pipeline: check up the image that was just built, and keep what comes out.
#
#   docs/pipeline/checkup.sh IMAGE PORT [BASE]
#
# With BASE, the image that is in production, both are asked by turns and compared.
# Ends with 0, or with the exit code of the check-up: 8 a regression beside BASE, 9 something that
# nobody can tell, 10 a threshold of ci.yaml that is not kept. artifacts/ has the page (report.html),
# report.md for the pull request, and junit.xml and checkup.json for programs.
set -eu

[ $# -ge 2 ] || { echo "usage: $0 IMAGE PORT [BASE]" >&2; exit 2; }
image=$1 port=$2 base=${3:-}
lab=$(cd "$(dirname "$0")/../.." && pwd)
artifacts=$(pwd)/artifacts
kept="report.html report.md junit.xml checkup.json trials.csv figures"
mkdir -p "$artifacts"
for file in $kept; do rm -rf "${artifacts:?}/$file"; done

if [ -n "$base" ]; then
    set -- "A=$base" "B=$image"
else
    set -- "SERVER=$image" BESIDE=none
fi
before=$(readlink "$lab/results/latest" || true)
failed=0
make --no-print-directory -C "$lab" checkup "$@" "PORT=$port" \
    RULES=docs/pipeline/ci.yaml QUICK=1 || failed=$?
run=$(readlink "$lab/results/latest" || true)
if [ -z "$run" ] || [ "$run" = "$before" ]; then
    echo "no check-up was finished; why is said above" >&2
    exit $((failed > 0 ? failed : 1))
fi

for file in $kept; do cp -R "$lab/results/latest/$file" "$artifacts/"; done
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$artifacts/report.md" >> "$GITHUB_STEP_SUMMARY"
# make ends with 2 whatever the exit code of what it ran; the document has it.
exit "$(sed -n 's/^  "exit": \([0-9]*\),\{0,1\}$/\1/p' "$artifacts/checkup.json")"
