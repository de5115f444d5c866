#!/bin/sh
# bounded.sh COMMAND [ARGUMENT]...
# Runs one test, ends it when it takes longer than TEST_TIMEOUT seconds (300
# if not set), and closes its log with the time that it took.

start=$(date +%s%N)
timeout --kill-after=10 "${TEST_TIMEOUT:-300}" "$@"
status=$?
[ $status -ne 124 ] || echo "still running after ${TEST_TIMEOUT:-300} s"
echo "took $((($(date +%s%N) - start) / 1000000)) ms"
exit $status
