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

# Ids, times and inodes differ from run to run, and ids pad columns. What a JIT made is not compared: bpfsim has none.
normalise() {
	sed -E 's/^[0-9]+(:| +)/# /; s/\b(id|ids|prog|tid|uid|map_id|map_ids|prog_ids|btf_id|inner_map_id|by id) \(?[0-9]+\)?/\1 #/g; :list s/#,[0-9]+/#,#/; t list
		s/"(id|prog_id|map_id|btf_id|attach_btf_obj_id|attach_btf_id|tid)": ?[0-9]+/"\1":#/g; s/"(map_ids|prog_ids)": ?\[[0-9]+/"\1":[#/g; :json s/#,[0-9]+/#,#/; t json
		s/cgroup_id [0-9]+/cgroup_id INODE/; s/netns_ino [0-9]+/netns_ino INODE/; s/"(netns_ino|cgroup_id)": ?[0-9]+/"\1":INODE/g
		s/loaded_at [^ ]+/loaded_at TIME/; s/"loaded_at": ?[0-9]+/"loaded_at":TIME/g
		s/  (not jited|jited [0-9]+B)//; s/"jited": ?(true|false),//g; s/"bytes_jited": ?[0-9]+,//g; s/owner (not )?jited//; s/"owner_jited": ?(true|false)//
		s/map\[id:[0-9]+/map[id:#/g; s/prog_id:[0-9]+/prog_id:#/g; s/"(ssthresh|cong_avoid|undo_cwnd)": 0x[0-9a-f]+/"\1": #/; s/0x[0-9a-f]{9,}/ADDRESS/g'
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
