#!/usr/bin/env bash
# Runs cilium/ebpf's own tests under `bpfsim run`, unprivileged, each in a process of its own, and as root on the running
# kernel beside it. Prints a table: test, under bpfsim, on Linux, why it does not pass under bpfsim.
#
#   examples/suites/cilium.sh                    the tests of map_test.go
#   examples/suites/cilium.sh . ''               all tests of the root package
#   examples/suites/cilium.sh btf ''             all tests of package btf
#
# The module comes from the module cache and is built in a temporary directory. Without root the column of Linux is
# empty. It needs Go, and setpriv and unshare of util-linux when run by root.
set -euo pipefail

module=github.com/cilium/ebpf@v0.22.0
package=${1-.}      # directory in the module
file=${2-map_test.go} # its test file, '' for all
limit=60s           # a test's, after which it counts as failed

nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
export CGO_ENABLED=0

go build -C "$root" -o "$work/bpfsim" ./cmd/bpfsim
cp -r "$(cd "$work" && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')" "$work/module"
chmod -R u+w "$work/module"
chmod -R a+rX "$work/module"
cd "$work/module/$package"
go test -c -o "$work/suite" .

# simulated TEST, native TEST: run it, as here and as on Linux.
simulated() {
	local as=()
	if [ "$(id -u)" = 0 ]; then as=("${nobody[@]}"); fi
	install -d -m 777 "$work/tmp"
	timeout "$limit" "${as[@]}" env HOME="$work/tmp" TMPDIR="$work/tmp" \
		"$work/bpfsim" run -- "$work/suite" -test.v -test.run "^$1\$"
}

native() {
	timeout "$limit" unshare --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' - \
		"$work/suite" -test.v -test.run "^$1\$"
}

# verdict STATUS OUTPUT: ok, skip, FAIL, and how many subtests were skipped besides.
verdict() {
	local skipped
	skipped=$(grep -c '^    *--- SKIP' "$2" || true)
	if [ "$1" != 0 ]; then
		echo FAIL
	elif grep -q '^--- SKIP' "$2"; then
		echo skip
	elif [ "$skipped" != 0 ]; then
		echo "ok, $skipped skipped"
	else
		echo ok
	fi
}

# reason OUTPUT: what bpfsim said that it does not simulate, or else the last line of the failure.
reason() {
	if grep -om1 'bpfsim: BPF_.*' "$1"; then return; fi
	awk '/^ *stack:/ { stack = 1 } /^(===|---)|_test\.go:[0-9]+: / { stack = 0 }
		!stack && NF && !/^ *---|^===|^FAIL|^PASS|^exit status/ { sub(/^[ \t]+/, ""); last = $0 }
		END { print last }' "$1"
}

tests=$("$work/suite" -test.list '^Test')
if [ -n "$file" ]; then
	tests=$(grep -xF "$tests" <(sed -n 's/^func \(Test[A-Za-z0-9_]*\)(.*/\1/p' "$file"))
fi

echo "| test | bpfsim | Linux | why |"
echo "|---|---|---|---|"
total=0 here=0 linux=0
for test in $tests; do
	total=$((total + 1)) why='' on_linux=''
	status=0
	simulated "$test" >"$work/here" 2>&1 || status=$?
	on_bpfsim=$(verdict "$status" "$work/here")
	if [ "$on_bpfsim" = ok ]; then here=$((here + 1)); else why=$(reason "$work/here"); fi
	if [ "$(id -u)" = 0 ]; then
		status=0
		native "$test" >"$work/linux" 2>&1 || status=$?
		on_linux=$(verdict "$status" "$work/linux")
		if [ "$on_linux" = ok ]; then linux=$((linux + 1)); fi
	fi
	echo "| $test | $on_bpfsim | $on_linux | ${why//|/\\|} |"
done
if [ "$(id -u)" != 0 ]; then linux=''; fi
echo "| $total tests | $here | $linux | |"
