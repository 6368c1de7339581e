#!/usr/bin/env bash
# Runs cilium/ebpf's own tests under `bpfsim run`, unprivileged, each in a process of its own, and as root on the running
# kernel beside it. Prints a table for each package: test, under bpfsim, on Linux, why it does not pass under bpfsim.
#
#   examples/suites/cilium.sh                            all tests of the packages below
#   examples/suites/cilium.sh btf link                   of these
#   TESTS='^TestMap' examples/suites/cilium.sh .         those that match
#
# The module comes from the module cache and is built in a temporary directory.
source "$(dirname "$0")/harness.bash"

module=github.com/cilium/ebpf@v0.22.0
packages=(. link btf perf ringbuf features pin)
if [ $# != 0 ]; then packages=("$@"); fi

cp -r "$(cd "$work" && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')" "$work/module"
chmod -R u+w "$work/module"
chmod -R a+rX "$work/module"

# verdict STATUS OUTPUT [ALLOWED]: ok, skip, FAIL, and how many parts were skipped besides that ALLOWED does not have.
verdict() {
	local skipped
	skipped=$(sed -n 's/^    *--- SKIP: \([^ ]*\).*/\1/p' "$2" | grep -cvxFf "${3-/dev/null}" || true)
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
	if grep -om1 'bpfsim: .*' "$1"; then return; fi
	awk '/^ *stack:/ { stack = 1 } /^(===|---)|_test\.go:[0-9]+: / { stack = 0 }
		!stack && NF && !/^ *---|^===|^FAIL|^PASS|^exit status/ { sub(/^[ \t]+/, ""); last = $0 }
		END { print last }' "$1"
}

for package in "${packages[@]}"; do
	cd "$work/module/$package"
	go test -c -o "$work/suite" .
	begin "cilium/ebpf, $package"
	for test in $("$work/suite" -test.list "${TESTS-^Test}"); do
		on_linux='' status=0
		: >"$work/skipped"
		if [ -n "$is_root" ]; then
			native "$work/suite" -test.v -test.run "^$test\$" >"$work/linux" 2>&1 || status=$?
			on_linux=$(verdict "$status" "$work/linux")
			sed -n 's/^    *--- SKIP: \([^ ]*\).*/\1/p' "$work/linux" >"$work/skipped"
		fi
		status=0
		simulated "$work/suite" -test.v -test.run "^$test\$" >"$work/here" 2>&1 || status=$?
		row "$test" "$(verdict "$status" "$work/here" "$work/skipped")" "$on_linux" "$(reason "$work/here")"
	done
	end
done
