package kernel

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// fdInfo is program.FDInfo on Linux.
func (k *Linux) fdInfo(e program.FDInfo) error {
	what := k.open[e.FD]
	if what == notOpen {
		return unix.ENOENT
	}
	text := ""
	if what != foreignFile {
		all, err := os.ReadFile(fmt.Sprintf("/proc/thread-self/fdinfo/%d", e.FD))
		if err != nil {
			return fmt.Errorf("read what an open fd is of: %w", err)
		}
		text = k.ourText(string(all))
	}
	if !k.user.arena.Told(e.To, text) {
		return unix.EFAULT
	}
	return nil
}

// fileLines are the lines that every file has (seq_show in fs/proc/fd.c).
var fileLines = []string{"pos", "flags", "mnt_id", "ino"}

// ourText is what fdinfo says of a bpf object, with our numbers in the place of this machine's, and as of programs that nobody has
// compiled.
func (k *Linux) ourText(text string) string {
	var b strings.Builder
lines:
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":\t")
		for _, file := range fileLines {
			if name == file {
				continue lines
			}
		}
		fmt.Fprintf(&b, "%s:\t%s\n", name, k.ourValue(name, value))
	}
	return b.String()
}

func (k *Linux) ourValue(name, value string) string {
	known := map[string]*ids{"map_id": &k.ids, "btf_id": &k.btfs, "prog_id": &k.progs, "link_id": &k.links}[name]
	switch {
	case known != nil:
		id, _ := strconv.ParseUint(value, 10, 32) // as Linux writes it
		return strconv.FormatUint(uint64(known.ours[uint32(id)]), 10)
	case name == "prog_jited", name == "owner_jited":
		return "0"
	case (name == "cgroup_id" || name == "netns_ino") && value != "0":
		return "1"
	}
	return value
}
