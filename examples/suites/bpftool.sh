#!/usr/bin/env bash
# Runs transcripts of bpftool (bpftool/transcripts.txt) under `bpfsim run --root`, unprivileged, and as root on the running
# kernel, and compares what they print. Prints a table.
#
#   examples/suites/bpftool.sh                      all
#   examples/suites/bpftool.sh '^map create'        those whose name matches
#   KEEP=DIR examples/suites/bpftool.sh             leaves both outputs of each in DIR, to compare
#
# It needs root, Debian's bpftool, clang, gcc and libbpf-dev, and a cgroup2 mounted.
source "$(dirname "$0")/harness.bash"
if [ -z "$is_root" ]; then echo "bpftool.sh compares with the running kernel: needs root" >&2; exit 1; fi

mkdir "$work/objects"
cd "$work/objects"
cp "$suites/bpftool/transcripts.txt" .
for source in "$suites"/bpftool/*.bpf.c; do
	clang -g -O2 -target bpf -idirafter "/usr/include/$(gcc -print-multiarch)" -c "$source" -o "$(basename "$source" .c).o"
done
gcc -o links "$suites/bpftool/links.c" -lbpf
chmod -R a+rX .

# What a transcript runs in: t is bpftool.
cat >prelude <<'PRELUDE'
PATH=.:/usr/sbin:/sbin:$PATH FS=/sys/fs/bpf
t() { bpftool "$@" 2>&1; echo "-> $?"; }
if [ "$CGROUPS" ]; then
	CG=$CGROUPS/bpfsim-transcript
	mkdir "$CG"
	trap 'rmdir "$CG"/* "$CG" 2>/dev/null' EXIT
fi
PRELUDE

# Objects of others, numbers and times differ from run to run: ids are numbered in the order of their appearance.
# What a JIT made is not compared: its length is the host's.
normalise() {
	sed -E 's/loaded_at [^ ]+/loaded_at TIME/; s/"loaded_at": ?[0-9]+/"loaded_at":TIME/g; s/netns_ino("?:?) ?[0-9]+/netns_ino\1 INODE/g
		s/  (not jited|jited [0-9]+B)//; s/"jited": ?(true|false),//g; s/"bytes_jited": ?[0-9]+,//g
		s/0x[0-9a-f]{9,}/ADDRESS/g' |
		awk '{
			line = ""
			while (match($0, /^[0-9]+[: ]|(id|ids|prog|inner_map_id|map_ids|btf_id)"?:? ?\[?[0-9][0-9,]*/)) {
				found = substr($0, RSTART, RLENGTH)
				line = line substr($0, 1, RSTART - 1)
				$0 = substr($0, RSTART + RLENGTH)
				while (match(found, /[0-9]+/)) {
					id = substr(found, RSTART, RLENGTH)
					if (!(id in names)) names[id] = "#" ++count
					line = line substr(found, 1, RSTART - 1) names[id]
					found = substr(found, RSTART + RLENGTH)
				}
				line = line found
			}
			$0 = line $0
			sub(/^#[0-9]+ +/, substr($0, 1, index($0, " "))) # padded by the width of an id
			print
		}'
}

# commands NAME: those of a transcript.
commands() { awk -v name="## $1" '/^## /{ on = $0 == name; next } on' transcripts.txt; }

outputs=${KEEP-$work/outputs}
mkdir -p "$outputs"
begin "bpftool $(bpftool version | sed -n '1s/.* v//p')"
while read -r name; do
	{ cat prelude; commands "$name"; } >script
	chmod a+r script
	out=$outputs/${name//[ \/]/-}
	rm -rf "$work/home"
	mkdir "$work/home"
	native unshare --net -- env CGROUPS="${cgroup%/*}" HOME="$work/home" sh script 2>&1 </dev/null | normalise >"$out.linux" || true
	unprivileged env CGROUPS="${cgroup%/*}" timeout "$limit" "$work/bpfsim" run --root -- sh script >"$out.said" 2>&1 </dev/null || true
	grep -v '^bpfsim: ' "$out.said" | normalise >"$out.bpfsim" || true
	verdict=ok
	if ! cmp -s "$out.linux" "$out.bpfsim"; then verdict=FAIL; fi
	row "$name" "$verdict" ok "$(grep -m1 '^bpfsim: ' "$out.said" || diff "$out.linux" "$out.bpfsim" | grep -m1 '^>')"
done < <(sed -n 's/^## //p' transcripts.txt | grep -E "${1-.}")
end
