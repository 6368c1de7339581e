//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// mayBeText tells by its name a file that may have another text for programs than for the host.
func mayBeText(base string) bool { return isTable(base) || base == path.Base(possibleCPUs) }

// isTable tells the files of a procfs that list mounts, and the common link to one.
func isTable(base string) bool {
	return base == "mounts" || base == "mountinfo" || base == "mountstats" || base == "mtab"
}

// isSys tells files of a sysfs.
func isSys(handle int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(handle, &st) == nil && st.Type == unix.SYSFS_MAGIC
}

// text is what a program shall read in a file of a procfs or sysfs, empty where that is what the file says.
func (c *call) text(handle int) string {
	name, err := os.Readlink(self(handle))
	switch {
	case err != nil:
		return ""
	case isPossibleCPUs(name) && isSys(handle):
		return c.cpuText
	case !isProc(handle):
		return ""
	}
	above, base := path.Split(name)
	if path.Base(above) == "fdinfo" {
		return c.fdinfo(string(readAll(unix.AT_FDCWD, self(handle))))
	}
	if !isTable(base) {
		return ""
	}
	before := string(readAll(unix.AT_FDCWD, self(handle)))
	if after := c.bpffs.showIn(base, before); after != before {
		return after
	}
	return ""
}

// fdinfo adds to the fdinfo of an object's fd what the kernel adds (bpf_map_show_fdinfo in kernel/bpf/syscall.c), and shows
// the flags of the object's fd instead of the memfd's.
func (c *call) fdinfo(text string) string {
	at, flags := memfds(), fdinfoField(text, "flags", 8)
	if fdinfoField(text, "mnt_id", 10) != at.mount || flags&unix.O_PATH != 0 {
		return ""
	}
	o := c.object(inode{at.dev, fdinfoField(text, "ino", 10)})
	if o == nil || o.file.Object().FDInfo() == "" {
		return ""
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "flags:") {
			line = fmt.Sprintf("flags:\t0%o\n", flags&unix.O_CLOEXEC|uint64(openModes[o.file.Access()]))
		}
		out.WriteString(line)
	}
	return out.String() + o.file.Object().FDInfo()
}

// memfdPlace is where the kernel keeps all memfds: a device and a mount that nobody sees.
type memfdPlace struct{ dev, mount uint64 }

// memfds is found by making one.
var memfds = sync.OnceValue(func() memfdPlace {
	fd, err := textFile("")
	if err != nil {
		return memfdPlace{}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	var stx unix.Statx_t
	_ = unix.Fstat(fd, &st)
	_ = unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &stx)
	return memfdPlace{st.Dev, stx.Mnt_id}
})

// fdinfoField is a number in an fdinfo file, 0 when it is not there.
func fdinfoField(text, name string, base int) uint64 {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseUint(strings.TrimSpace(value), base, 64)
			return n
		}
	}
	return 0
}

// showIn is a table of mounts in which the bpffs has its line. That of a mount of its own names the type that it stands
// for; a directory of the host's, which is no mount, gets a line more.
func (b *bpffs) showIn(table, text string) string {
	if !b.private() {
		return text + b.line(table, text)
	}
	lines := slices.Collect(strings.Lines(text))
	for i, line := range lines {
		l, ok := parseMountLine(table, line)
		if !ok || l.fields[l.source] != mountSource || l.fields[l.kind] != "tmpfs" {
			continue
		}
		if l.fields[l.dir] == b.dir {
			hideBelow(lines[:i], l)
		}
		lines[i] = l.asBPF()
	}
	return strings.Join(lines, "")
}

// hideBelow empties the lines of what the private mount lies over, such as the host's own bpffs: Cilium takes two mounts
// at one place for a mistake. The private mount gets their parent.
func hideBelow(lines []string, private mountLine) {
	for i, line := range slices.Backward(lines) {
		l, ok := parseMountLine(private.table, line)
		if !ok || l.fields[l.dir] != private.fields[private.dir] {
			continue
		}
		if l.table == "mountinfo" && l.fields[0] == private.fields[1] {
			private.fields[1] = l.fields[1]
		}
		lines[i] = ""
	}
}

// mountLine is a line of a table of mounts (proc(5)), and where its fields are.
type mountLine struct {
	table                      string
	fields                     []string
	source, dir, kind, options int
}

// parseMountLine splits a line; ok is false for one that speaks of no mount.
func parseMountLine(table, line string) (l mountLine, ok bool) {
	f := strings.Fields(line)
	n := len(f)
	switch table {
	case "mounts": // SOURCE DIRECTORY TYPE OPTIONS 0 0
		return mountLine{table, f, 0, 1, 2, 3}, n == 6
	case "mountinfo": // ID PARENT DEVICE ROOT DIRECTORY OPTIONS ... - TYPE SOURCE OPTIONS-OF-THE-FILE-SYSTEM
		return mountLine{table, f, n - 2, 4, n - 3, n - 1}, n >= 10
	}
	return mountLine{table, f, 1, 4, 7, none}, n == 8 // device SOURCE mounted on DIRECTORY with fstype TYPE
}

// asBPF is the line of a bpffs in the place of a tmpfs.
func (l mountLine) asBPF() string {
	l.fields[l.kind] = "bpf"
	if l.options != none {
		l.fields[l.options] = withoutTmpfs(l.fields[l.options])
	}
	return strings.Join(l.fields, " ") + "\n"
}

// withoutTmpfs drops the options that tmpfs shows and a bpffs does not (shmem_show_options).
func withoutTmpfs(options string) string {
	var kept []string
	for option := range strings.SplitSeq(options, ",") {
		if !strings.Contains(option, "=") && option != "inode32" && option != "inode64" {
			kept = append(kept, option)
		}
	}
	return strings.Join(kept, ",")
}

// line is what a table would say of the bpffs were it mounted where it is.
func (b *bpffs) line(table, text string) string {
	dir := escaped.Replace(b.dir)
	switch table {
	case "mounts":
		return fmt.Sprintf("%s %s bpf rw,relatime 0 0\n", mountSource, dir)
	case "mountstats":
		return fmt.Sprintf("device %s mounted on %s with fstype bpf\n", mountSource, dir)
	}
	id, parent := b.mountIDs(text)
	return fmt.Sprintf("%d %d %d:%d / %s rw,relatime - bpf %s rw\n", id, parent, unix.Major(b.root.dev),
		unix.Minor(b.root.dev), dir, mountSource)
}

// mountIDs are an id that no mount of a mountinfo has, and that of the mount around the bpffs.
func (b *bpffs) mountIDs(text string) (id, parent int) {
	longest := -1
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		n, _ := strconv.Atoi(f[0])
		id = max(id, n+1)
		if isBelow(b.dir+"/", strings.TrimRight(f[4], "/")) && len(f[4]) >= longest {
			longest, parent = len(f[4]), n
		}
	}
	return id, parent
}

// escaped is how the tables write what separates their fields (mangle in the kernel's fs/proc_namespace.c).
var escaped = strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`)
