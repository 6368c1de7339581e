# What the scripts of this directory share; it is sourced, not run: bpfsim, a directory of their own, a command run on
# either side, the table. It needs Go, and setpriv and unshare of util-linux when run by root; without root the column of
# Linux is empty.
set -euo pipefail

limit=${LIMIT-60s} # a test's, after which it counts as failed
suites=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
export CGO_ENABLED=0
is_root=$([ "$(id -u)" != 0 ] || echo yes)
cgroup=$([ -z "$is_root" ] || awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cgroup=${cgroup:+$cgroup/bpfsim-suite-$$}

clean() {
	if [ -n "$cgroup" ] && [ -d "$cgroup" ]; then find "$cgroup" -depth -type d -exec rmdir {} \; ; fi
	chmod -R u+w "$work"
	rm -rf "$work"
}
trap clean EXIT

go build -C "$suites/../.." -o "$work/bpfsim" ./cmd/bpfsim

# unprivileged CMD: as an ordinary user. Run by root, the user has what a login gives it: a directory and a cgroup of its own.
unprivileged() {
	rm -rf "$work/home"
	if [ -z "$is_root" ]; then
		mkdir "$work/home"
		HOME="$work/home" TMPDIR="$work/home" "$@"
		return
	fi
	install -d -o 65534 -g 65534 "$work/home"
	if [ -n "$cgroup" ] && [ ! -d "$cgroup" ]; then
		mkdir "$cgroup"
		chown -R 65534:65534 "$cgroup"
	fi
	unshare --mount --cgroup -- bash -euc 'if [ -n "$0" ]; then mount --bind "$0" "${0%/*}"; fi; exec "$@"' "$cgroup" \
		setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$work/home" TMPDIR="$work/home" "$@"
}

# simulated CMD, native CMD: the command under bpfsim, and as root on Linux with the file systems of a usual machine.
simulated() { unprivileged timeout "$limit" "$work/bpfsim" run -- "$@"; }

native() {
	timeout "$limit" unshare --mount -- sh -euc 'mount -t bpf bpf /sys/fs/bpf; mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"' - "$@"
}

# The table: a row's reason is printed where bpfsim's result is not ok.
total=0 here=0 linux=0

begin() {
	printf '\n| %s | bpfsim | Linux | why |\n|---|---|---|---|\n' "$1"
	total=0 here=0 linux=0
}

# row TEST ON_BPFSIM ON_LINUX WHY
row() {
	local why=${4//|/\\|}
	total=$((total + 1))
	if [ "$2" = ok ]; then here=$((here + 1)) why=''; fi
	if [[ "$3" == ok* ]]; then linux=$((linux + 1)); fi
	echo "| $1 | $2 | $3 | $why |"
}

end() { echo "| $total tests | $here | ${is_root:+$linux} | |"; }
