//go:build linux && (amd64 || arm64)

package intercept

import "golang.org/x/sys/unix"

// maker is a call that makes a name: where its arguments are, none for those that it does not have. The source of a
// link or of a rename has a directory and a path, too.
type maker struct {
	number          int
	dir, path, mode int
	fromDir, from   int
}

// none stands for an argument that a call does not have.
const none = -1

// makers are the calls that make names on every architecture.
var makers = append([]maker{
	{unix.SYS_MKDIRAT, 0, 1, none, none, none},
	{unix.SYS_MKNODAT, 0, 1, 2, none, none},
	{unix.SYS_SYMLINKAT, 1, 2, none, none, none},
	{unix.SYS_LINKAT, 2, 3, none, 0, 1},
	{unix.SYS_RENAMEAT, 2, 3, none, 0, 1},
	{unix.SYS_RENAMEAT2, 2, 3, none, 0, 1},
}, legacyMakers...)

// attributeCalls are the calls that write an extended attribute.
var attributeCalls = []int{unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR}

// node answers the calls that a bpffs refuses and the file system in its place would carry out: names with a dot, files
// that are no directories or links, moves from and to elsewhere, extended attributes (bpf_dir_iops in the kernel's
// kernel/bpf/inode.c).
func (c *call) node() bool {
	errno := c.refusal()
	if errno != nil {
		c.answer(0, errnoOf(errno))
	}
	return errno != nil
}

// refusal is what a bpffs answers and the file system in its place would not, nil when they agree.
func (c *call) refusal() error {
	switch c.Number {
	case unix.SYS_SETXATTR, unix.SYS_LSETXATTR:
		return c.setAttribute(c.Args[0], c.Number == unix.SYS_SETXATTR)
	case unix.SYS_FSETXATTR:
		return c.setAttributeOf(int32(c.Args[0]))
	}
	for _, m := range makers {
		if int(c.Number) == m.number {
			return c.makeName(m)
		}
	}
	return nil
}

// makeName judges the name that a call would make.
func (c *call) makeName(m maker) error {
	ours, vacant := c.vacancy(m.dir, m.path)
	if m.from != none {
		if from, _ := c.vacancy(m.fromDir, m.from); from != ours {
			return c.bpffs.otherDevice()
		}
	}
	switch {
	case ours && vacant == nil && m.mode != none:
		return refusedNode(uint32(c.Args[m.mode]))
	case ours && vacant == unix.EPERM:
		return vacant
	}
	return nil
}

// vacancy tells whether a path names a place on the bpffs, and whether it can be taken.
func (c *call) vacancy(dirArg, pathArg int) (ours bool, err error) {
	dir := int32(unix.AT_FDCWD)
	if dirArg != none {
		dir = int32(c.Args[dirArg])
	}
	name, ok := c.pathAt(c.Args[pathArg])
	if !ok || !c.isBelowBPFFS(dir, name) {
		return false, nil
	}
	parent, last, err := c.walkToParent(dir, name)
	if err != nil {
		return true, err
	}
	defer unix.Close(parent)
	return c.bpffs.contains(parent), c.bpffs.vacant(parent, last)
}

// isBelowBPFFS decides by a path's text alone.
func (c *call) isBelowBPFFS(dir int32, name string) bool {
	clean, err := c.clean(dir, name)
	return err == nil && isBelow(clean, c.bpffs.dir)
}

// otherDevice is the answer to a link or a rename between the bpffs and elsewhere, nil where the kernel gives it.
func (b *bpffs) otherDevice() error {
	if b.private() {
		return nil
	}
	return unix.EXDEV
}

// refusedNode follows vfs_create and vfs_mknod in the kernel's fs/namei.c, for a directory that can do neither.
func refusedNode(mode uint32) error {
	if kind := mode & unix.S_IFMT; kind == 0 || kind == unix.S_IFREG {
		return unix.EACCES
	}
	return unix.EPERM
}

// setAttribute refuses an attribute of a file on the bpffs.
func (c *call) setAttribute(addr uint64, follow bool) error {
	name, ok := c.pathAt(addr)
	if !ok || !c.isBelowBPFFS(unix.AT_FDCWD, name) {
		return nil
	}
	handle, err := c.walk(unix.AT_FDCWD, name, follow)
	if err != nil {
		return nil
	}
	return c.noAttribute(handle)
}

func (c *call) setAttributeOf(fd int32) error {
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return nil
	}
	return c.noAttribute(handle)
}

// noAttribute judges a handle, which it closes.
func (c *call) noAttribute(handle int) error {
	if c.isHeld(handle) {
		return unix.EOPNOTSUPP
	}
	return nil
}
