//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// isTable tells the files of a procfs that list mounts, and the common link to one.
func isTable(base string) bool {
	return base == "mounts" || base == "mountinfo" || base == "mountstats" || base == "mtab"
}

// table is the text that a program shall read in a file of a procfs, empty where that is what the file says.
func (c *call) table(handle int) string {
	name, err := os.Readlink(self(handle))
	if err != nil || !isProc(handle) {
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

// fdinfo adds to the fdinfo of a map's fd what bpf_map_show_fdinfo in the kernel's kernel/bpf/syscall.c adds, and shows
// the flags of the map's fd instead of the memfd's.
func (c *call) fdinfo(text string) string {
	at, flags := memfds(), fdinfoField(text, "flags", 8)
	if fdinfoField(text, "mnt_id", 10) != at.mount || flags&unix.O_PATH != 0 {
		return ""
	}
	o := c.object(inode{at.dev, fdinfoField(text, "ino", 10)})
	if o == nil || o.file.Map() == nil {
		return ""
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "flags:") {
			line = fmt.Sprintf("flags:\t0%o\n", flags&unix.O_CLOEXEC|uint64(openModes[o.file.Access()]))
		}
		out.WriteString(line)
	}
	return out.String() + o.file.Map().FDInfo()
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
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(shownLine(table, line))
	}
	if !b.private() {
		out.WriteString(b.line(table, text))
	}
	return out.String()
}

// shownLine is a line of a table with the private mount as a real bpffs is shown there.
func shownLine(table, line string) string {
	f := strings.Fields(line)
	switch table {
	case "mounts": // source, directory, type, options, two zeros
		if len(f) == 6 && f[0] == mountSource && f[2] == "tmpfs" {
			f[2], f[3] = "bpf", withoutTmpfs(f[3])
			return strings.Join(f, " ") + "\n"
		}
	case "mountinfo": // ..., "-", type, source, options of the file system
		if n := len(f); n >= 10 && f[n-4] == "-" && f[n-3] == "tmpfs" && f[n-2] == mountSource {
			f[n-3], f[n-1] = "bpf", withoutTmpfs(f[n-1])
			return strings.Join(f, " ") + "\n"
		}
	case "mountstats": // device SOURCE mounted on DIRECTORY with fstype TYPE
		if len(f) == 8 && f[1] == mountSource && f[7] == "tmpfs" {
			f[7] = "bpf"
			return strings.Join(f, " ") + "\n"
		}
	}
	return line
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
