#!/usr/bin/env bash
# Runs what loaders in C do with Debian's libbpf (libbpf/loader.c, which has a CO-RE object as a skeleton of bpftool's) under
# `bpfsim run`, unprivileged, and as root on the running kernel, and compares what it prints. Prints a table.
#
#   examples/suites/libbpf.sh [TEST...]
#   KEEP=DIR examples/suites/libbpf.sh       leaves both outputs of each in DIR, to compare
#
# It needs root, clang, gcc, libbpf-dev and bpftool, and a cgroup2 mounted.
source "$(dirname "$0")/harness.bash"
if [ -z "$is_root" ]; then echo "libbpf.sh compares with the running kernel: needs root" >&2; exit 1; fi

mkdir "$work/objects"
cd "$work/objects"
clang -g -O2 -target bpf -idirafter "/usr/include/$(gcc -print-multiarch)" -c "$suites/libbpf/core.bpf.c" -o core.bpf.o
bpftool gen skeleton core.bpf.o name core_bpf >core.skel.h
gcc -o loader -I. "$suites/libbpf/loader.c" -lbpf
chmod -R a+rX .

outputs=${KEEP-$work/outputs}
mkdir -p "$outputs"
begin "libbpf $(dpkg-query -W -f '${Version}' libbpf1 2>/dev/null || true)"
if [ $# = 0 ]; then set -- $(./loader); fi
for test; do
	out=$outputs/$test
	on_linux=ok on_bpfsim=ok
	native unshare --net -- env CGROUP="${cgroup%/*}" ./loader "$test" >"$out.linux" 2>&1 || on_linux=FAIL
	simulated env CGROUP="${cgroup%/*}" ./loader "$test" >"$out.said" 2>&1 || on_bpfsim=FAIL
	grep -v '^bpfsim: ' "$out.said" >"$out.bpfsim" || true
	if ! cmp -s "$out.linux" "$out.bpfsim"; then on_bpfsim=FAIL; fi
	row "$test" "$on_bpfsim" "$on_linux" "$(grep -m1 '^bpfsim: ' "$out.said" || diff "$out.linux" "$out.bpfsim" | grep -m1 '^>')"
done
end
