package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Process is who calls: its memory, its fd table, its view of the file system and its capabilities.
type Process struct {
	Mem   Memory
	Files Files
	FS    FileSystem
	Caps  Caps
	// UID is the caller's user id, which programs that it loads tell of.
	UID uint32
	// Host is asked about what is no BPF object; nil for a SmallHost.
	Host Host
	// Backing makes memory, in words of 8 bytes, for the elements of an array with BPF_F_MMAPABLE or for a ring buffer, which
	// then can be mapped; ENOMEM when there is none. nil means memory as any map's.
	Backing func(words uint64) (Backing, abi.Errno)
	// Interrupted reports whether a signal waits for the caller; MapDump then ends with EINTR. nil means never.
	Interrupted func() bool
	// Outcome, unless nil, is how the last call ended.
	Outcome *Outcome
}

// Caps are the capabilities that the map commands ask for (capabilities(7)). The zero value is an unprivileged
// caller under kernel.unprivileged_bpf_disabled, the default of every distribution.
type Caps struct {
	BPF      bool // CAP_BPF
	SysAdmin bool // CAP_SYS_ADMIN: ids, ZERO_SEED
}

// Root has every capability that bpf(2) asks for.
var Root = Caps{BPF: true, SysAdmin: true}

// Files is a process's fd table.
type Files interface {
	// Get finds the open file behind fd. open is false when fd is not open at all; file is nil when it is open but
	// no BPF object.
	Get(fd int32) (file *File, open bool)
	// IsOpen reports whether fd is open for what a directory is for: O_PATH fds, which are not open to Get, count.
	IsOpen(fd int32) bool
	// Install gives file the lowest free fd and takes over the caller's reference; on an errno (EMFILE) the
	// reference stays with the caller.
	Install(file *File) (fd int32, errno abi.Errno)
}

// FileSystem is where objects are pinned.
type FileSystem interface {
	// Pin links an object at path, relative to dir where path is not absolute (AtCWD: the working directory).
	Pin(dir int32, path string, o Object) abi.Errno
	// Open finds the object pinned at path and takes a reference for the caller.
	Open(dir int32, path string, access Access) (Object, abi.Errno)
}

// AtCWD as a directory fd stands for the working directory (AT_FDCWD).
const AtCWD int32 = -100
