#!/usr/bin/env bash
# Runs the kernel's selftests about maps (test_maps with its map_tests, test_lru_map, test_lpm_map) under `bpfsim run`,
# unprivileged, each in a process of its own, and as root on the running kernel beside it. Prints a table.
#
#   examples/suites/selftests.sh [TEST...]
#
# They come from Debian's package linux-source-6.12, which is downloaded and unpacked in a temporary directory, or from the
# file that $LINUX_SOURCE names. It needs apt-get, gcc, make, libelf-dev, zlib1g-dev, clang and bpftool.
LIMIT=${LIMIT-180s}
source "$(dirname "$0")/harness.bash"

mkdir "$work/build" "$work/libbpf"
cd "$work/build"
deb=${LINUX_SOURCE-}
if [ -z "$deb" ]; then
	(cd "$work" && apt-get download -q linux-source-6.12 >&2)
	deb=$(echo "$work"/linux-source-6.12_*.deb)
fi
# tar ends when it has what it was asked for; the rest of the pipe does not matter then.
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/src/linux-source-6.12.tar.xz | tar -xJ -C "$work" \
	linux-source-6.12/tools/{build,scripts,lib,include,arch} linux-source-6.12/tools/testing/selftests/bpf \
	linux-source-6.12/scripts/bpf_doc.py linux-source-6.12/kernel/bpf/disasm.{c,h} linux-source-6.12/include/uapi
tree=$work/linux-source-6.12
bpf=$tree/tools/testing/selftests/bpf
make -s -j2 -C "$tree/tools/lib/bpf" OUTPUT="$work/libbpf/" DESTDIR="$work/libbpf" prefix= \
	install_headers "$work/libbpf/libbpf.a" >"$work/make" 2>&1 || { cat "$work/make" >&2; exit 1; }

# What the Makefile of the selftests makes, for these tests alone.
bpftool btf dump file /sys/kernel/btf/vmlinux format c >vmlinux.h
for object in sockmap_parse_prog sockmap_verdict_prog sockmap_tcp_msg_prog test_map_in_map test_map_in_map_invalid \
	map_percpu_stats read_bpf_task_storage_busy; do
	clang -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wno-compare-distinct-pointer-types -I. -I"$bpf" \
		-I"$work/libbpf/include" -I"$tree/tools/include/uapi" -idirafter "/usr/include/$(gcc -print-multiarch)" \
		-c "$bpf/progs/$object.c" -o "$object.bpf.o"
done
for object in map_percpu_stats read_bpf_task_storage_busy; do
	bpftool gen skeleton "$object.bpf.o" name "$object" >"$object.skel.h"
done
mkdir map_tests
sed -n 's/^void test_\([a-z_0-9]*\)(void).*/DEFINE_TEST(\1)/p' "$bpf"/map_tests/*.c >map_tests/tests.h
compile=(gcc -g -O2 -w -DHAVE_GENHDR -I. -I"$bpf" -I"$work/libbpf/include" -I"$tree/tools/include"
	-I"$tree/tools/include/uapi" -I"$tree/tools/lib" -I"$tree/kernel/bpf")
declares() { sed -n 's/^DEFINE_TEST(\(.*\))/void test_\1(void);/p' map_tests/tests.h; }
declares >declared.h
"${compile[@]}" -include declared.h -o one "$suites/selftests/one.c" "$bpf"/map_tests/*.c "$bpf/testing_helpers.c" \
	"$tree/kernel/bpf/disasm.c" "$work/libbpf/libbpf.a" -lelf -lz -lpthread -lrt
for program in test_lru_map test_lpm_map; do
	"${compile[@]}" -o "$program" "$bpf/$program.c" "$work/libbpf/libbpf.a" -lelf -lz -lpthread
done
chmod -R a+rX .

# command TEST: what runs it.
command_of() {
	case $1 in
	test_l*) echo "./$1" ;;
	*) echo "./one $1" ;;
	esac
}

# verdict STATUS: as of the selftests, 77 being ours for a test_maps that skipped.
verdict() {
	case $1 in
	0) echo ok ;;
	77) echo skip ;;
	*) echo FAIL ;;
	esac
}

begin "selftests of Linux 6.12"
if [ $# = 0 ]; then set -- $(./one) test_lru_map test_lpm_map; fi
for test; do
	on_linux='' status=0
	if [ -n "$is_root" ]; then
		native $(command_of "$test") >"$work/linux" 2>&1 || status=$?
		on_linux=$(verdict "$status")
	fi
	status=0
	simulated $(command_of "$test") >"$work/here" 2>&1 || status=$?
	row "$test" "$(verdict "$status")" "$on_linux" "$(grep -m1 'bpfsim: ' "$work/here" || tail -1 "$work/here")"
done
end
