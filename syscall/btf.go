package bpfsys

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
)

// BTF is BTF as the system call knows it: the types, and id and references around them. Maps that have types hold it.
type BTF struct {
	types   *btf.BTF
	name    string // of the kernel's own, "" for what a program loads
	kernel  *Kernel
	id      uint32
	refs    atomic.Int32
	account *maps.Account // of what it takes of the memory of all maps
}

// ID is the BTF's id, unique among the kernel's live BTF.
func (b *BTF) ID() uint32 { return b.id }

func (b *BTF) setID(id uint32) { b.id = id }

// Hold takes another reference.
func (b *BTF) Hold() { b.refs.Add(1) }

func (b *BTF) tryHold() bool { return holdLive(&b.refs) }

// Release drops a reference; the last one frees the id.
func (b *BTF) Release() {
	if b.refs.Add(-1) == 0 {
		b.kernel.btfs.remove(b)
		b.account.Close()
	}
}

// OwnOfKernel tells the kernel's own types, which no program has loaded.
func (b *BTF) OwnOfKernel() bool { return b.name != "" }

// Kind is the link text of an fd (btf_fops in kernel/bpf/btf.c).
func (b *BTF) Kind() string { return "btf" }

// FDInfo is the BTF's part of /proc/PID/fdinfo/FD (bpf_btf_show_fdinfo in kernel/bpf/btf.c).
func (b *BTF) FDInfo() string { return fmt.Sprintf("btf_id:\t%d\n", b.id) }

// btfFrom is the smallest live id that is at least id, the kernel's own being the first of all.
func (k *Kernel) btfFrom(id uint32) (uint32, bool) {
	k.btf()
	return k.btfs.from(id)
}

// BTFs are the kernel's live BTF, ascending by id, for looking at them from outside. It takes no references.
func (k *Kernel) BTFs() []*BTF {
	k.btfs.mu.RLock()
	defer k.btfs.mu.RUnlock()
	return slices.Clone(k.btfs.live)
}

// btfLoad follows bpf_btf_load in kernel/bpf/syscall.c and btf_parse in kernel/bpf/btf.c: the log is invalid before the data
// is read, and one that does not fit or cannot be written is what is wrong, whatever the data is.
func (c *call) btfLoad() (int32, abi.Errno) {
	var args BTFLoad
	args.Decode(c.attr)
	switch {
	case args.Flags&^abi.FlagTokenFD != 0:
		return 0, abi.EINVAL
	case args.Flags != 0:
		return 0, c.noSuchObject(args.TokenFD)
	case !c.proc.Caps.BPF:
		return 0, abi.EPERM
	case args.Size > btf.MaxSize:
		return 0, abi.E2BIG
	}
	log, ok := btf.NewLog(args.LogLevel, args.LogBuf != 0, args.LogSize)
	if !ok {
		return 0, abi.EINVAL
	}
	account := c.kernel.budget.Open()
	if !account.Take(btfMemory * uint64(args.Size)) {
		return 0, abi.ENOMEM
	}
	types, errno := c.parseBTF(args, log)
	if fault := c.writeLog(args.LogBuf, log, btfTrueSizeAt); fault != abi.OK {
		errno = fault
	}
	if errno != abi.OK {
		account.Close()
		return 0, errno
	}
	b := &BTF{types: types, kernel: c.kernel, account: account}
	b.refs.Store(1)
	c.kernel.btfs.add(b)
	return c.install(b, ReadOnly)
}

// btfMemory is what a byte of BTF takes with what is known of its types, in bytes.
const btfMemory = 5

// parseBTF reads the data, which Linux takes as a whole.
func (c *call) parseBTF(args BTFLoad, log *btf.Log) (*btf.BTF, abi.Errno) {
	data := make([]byte, args.Size)
	if errno := c.copyIn(data, args.Data); errno != abi.OK {
		return nil, errno
	}
	return btf.Load(data, log)
}

// btfTrueSizeAt is where btf_log_true_size lies in the attr.
const btfTrueSizeAt = 28

// writeLog follows finalize_log: the text, then its size at a place in the attr, which callers from before Linux 6.4 do not have.
func (c *call) writeLog(addr uint64, log *btf.Log, trueSizeAt uint32) (errno abi.Errno) {
	if text := log.Text(); len(text) > 0 {
		errno = c.copyOut(addr, text)
	}
	if errno == abi.OK && log.Truncated() {
		errno = abi.ENOSPC
	}
	if c.size >= trueSizeAt+4 && !c.kernel.profile.NoLogTrueSize {
		if fault := c.copyWordOut(c.addr+uint64(trueSizeAt), log.TrueSize()); fault != abi.OK {
			return fault
		}
	}
	return errno
}

// btfGetFDByID follows bpf_btf_get_fd_by_id: a token is looked for before the permission.
func (c *call) btfGetFDByID() (int32, abi.Errno) {
	var args BTFGetFDByID
	args.Decode(c.attr)
	switch {
	case args.OpenFlags&^abi.FlagTokenFD != 0:
		return 0, abi.EINVAL
	case args.OpenFlags != 0:
		return 0, c.noSuchObject(args.TokenFD)
	case !c.proc.Caps.SysAdmin:
		return 0, abi.EPERM
	}
	if args.ID == ownBTFID {
		c.kernel.btf()
	}
	b, ok := c.kernel.btfs.hold(args.ID)
	if !ok {
		return 0, abi.ENOENT
	}
	return c.install(b, ReadOnly)
}

// btfByFD finds the BTF behind fd and takes a reference for the caller (btf_get_by_fd).
func (c *call) btfByFD(fd int32) (*BTF, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	defer c.leave(file)
	b, ok := file.object.(*BTF)
	switch {
	case !ok:
		return nil, abi.EINVAL
	case !b.tryHold():
		return nil, abi.EBADF
	}
	return b, abi.OK
}
