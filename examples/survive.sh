#!/bin/sh
# Runs parcel.dfsql and kills the process that executes it in the middle of a step. Another one goes on, and every
# step has taken effect once. `make demo` runs this on a database of its own, below build/demo.

set -eu
here=$(dirname "$0")
worker=

say() { printf '\n== %s\n\n' "$1"; }
finish() {
    test -z "$worker" || kill "$worker" 2>/dev/null || true
    dfsql db stop --force >/dev/null
}
trap finish EXIT

# wait_for TEXT: until the tree of the instance shows it
wait_for() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if dfsql explain --instance "$id" | grep -q "$1"; then return; fi
        sleep 0.1
    done
    echo "the workflow does not get as far as '$1'" >&2
    exit 1
}

say 'a workflow is started, and a worker executes it as far as it gets: dfsql run --detach, dfsql worker'
id=$(dfsql run --detach "$here/parcel.dfsql")
dfsql worker &
worker=$!
wait_for 'SIGNAL.*⏳'
dfsql explain --instance "$id"

say "a person agrees: dfsql signal $id approval '{\"by\": \"jane\"}'"
dfsql signal "$id" approval '{"by": "jane"}'
wait_for 'labe.*⏳'

say "in the middle of a step the worker is killed: kill -9 $worker"
kill -9 "$worker"
wait "$worker" 2>/dev/null || true
worker=
dfsql explain --instance "$id" | tail -n +4

say "another process goes on: dfsql run --attach $id"
result=$(dfsql run --attach "$id")
echo "$result"
case $result in
*'["invoice written", "label printed"]'*'"sent"'* | *'"sent"'*'["invoice written", "label printed"]'*) ;;
*) echo 'a step was lost or done twice' >&2; exit 1 ;;
esac
