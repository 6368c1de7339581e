package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// run is one call being worked out: what the kernel would do, guided by what was seen where the kernel may choose.
type run struct {
	state *State // its own until it is returned
	call  Call
	seen  Result
	user  user
	then  user // memory as the call left it
	attr  [abi.AttrSize]byte
	loose bool // nothing is known of the result: every one is legal
	kept  []byte
	// What the kernel should have answered, and how memory differs from what it should have left.
	ret     int32
	errno   abi.Errno
	differs string
}

// runs are used again for their buffers.
var runs = sync.Pool{New: func() any { return new(run) }}

// newRun works out c; end must follow.
func newRun(c Call, r Result) *run {
	x := runs.Get().(*run)
	x.call, x.seen = c, r
	return x
}

// on begins again, on s, which is the run's own.
func (x *run) on(s *State) *run {
	x.state, x.loose = s, false
	x.user.start(x.call.Before)
	x.then.start(x.seen.After)
	clear(x.attr[:])
	return x
}

// keep is a copy of b for a map to keep. Copies are cut from large pieces of memory, because they are many and small.
func (x *run) keep(b []byte) []byte {
	const piece = 4096
	if len(b) > cap(x.kept)-len(x.kept) {
		x.kept = make([]byte, 0, max(len(b), piece))
	}
	x.kept = append(x.kept, b...)
	return x.kept[len(x.kept)-len(b) : len(x.kept) : len(x.kept)]
}

// end gives the run back.
func (x *run) end() { runs.Put(x) }

// Next judges one call: the states the kernel may be in after it. None means that the result is illegal, and why then
// says what was expected and what was seen. s stays as it is. A command of Linux that has no rule here allows every
// result.
func (s *State) Next(c Call, r Result) (next []*State, why string) {
	x := newRun(c, r)
	defer x.end()
	for _, branch := range append([]*State{s.fork()}, x.branches(s)...) {
		if x.judge(branch) {
			next = append(next, branch)
		} else if why == "" {
			why = x.why()
		}
	}
	if len(next) > 0 {
		return next, ""
	}
	return nil, why
}

// judge moves s, which nobody else has, to the one state after the call. When the result is illegal, s is of no use any
// more.
func (x *run) judge(s *State) (legal bool) {
	x.on(s)
	x.ret, x.errno = x.bpf()
	switch {
	case len(x.state.takes) > 0: // the call removes nothing
		return false
	case x.loose:
		return true
	case x.errno != x.seen.Errno, x.errno == abi.OK && x.ret != x.seen.Ret:
		return false
	}
	x.differs = x.user.compare(x.seen)
	return x.differs == ""
}

// why tells why the result that was judged last is illegal.
func (x *run) why() string {
	switch {
	case x.errno != x.seen.Errno:
		return fmt.Sprintf("%v: want errno %v, saw %v (result %d)", x.call.Cmd, x.errno, x.seen.Errno, x.seen.Ret)
	case x.errno == abi.OK && x.ret != x.seen.Ret:
		return fmt.Sprintf("%v: want result %d, saw %d", x.call.Cmd, x.ret, x.seen.Ret)
	}
	return fmt.Sprintf("%v (%v): %s", x.call.Cmd, x.errno, x.differs)
}

// bpf is the system call up to the command (__sys_bpf in kernel/bpf/syscall.c).
func (x *run) bpf() (int32, abi.Errno) {
	if c := x.call.Cmd; x.oldRights() && (c == abi.MapCreate || c == abi.ProgLoad) && !x.state.config.BPF {
		return 0, abi.EPERM
	}
	if errno := x.readAttr(); errno != abi.OK {
		return 0, errno
	}
	switch command := commandOf(x.call.Cmd); {
	case !x.knowsCommand(x.call.Cmd):
	case command.work != nil:
		return command.work(x)
	case x.call.Cmd < abi.NumLinuxCmds:
		x.loose = true
	}
	return 0, abi.EINVAL
}

// readAttr reads attr, which must hold nothing behind the command's last field (CHECK_ATTR).
func (x *run) readAttr() abi.Errno {
	if errno := x.copyAttr(); errno != abi.OK {
		return errno
	}
	end := x.attrEnd()
	if !zero(x.attr[end:max(end, min(int(x.call.Size), len(x.attr)))]) { // behind size there is nothing
		return abi.EINVAL
	}
	return abi.OK
}

// copyAttr reads attr: at most a page, and what this kernel does not know must be zero (bpf_check_uarg_tail_zero).
func (x *run) copyAttr() abi.Errno {
	known := min(x.call.Size, uint32(x.attrSize()))
	if x.call.Size > abi.MaxAttrSize {
		return abi.E2BIG
	}
	if errno := x.tailZero(x.call.Attr+uint64(known), x.call.Size-known); errno != abi.OK {
		return errno
	}
	b, ok := x.user.read(x.call.Attr, int(known))
	if !ok {
		return abi.EFAULT
	}
	copy(x.attr[:], b)
	return abi.OK
}

// tailZero reads n bytes of which none may be set. A set byte in front of the fault is found first (measured).
func (x *run) tailZero(addr uint64, n uint32) abi.Errno {
	if n == 0 {
		return abi.OK
	}
	p := x.user.prefix(addr, int(n))
	switch {
	case !zero(p):
		return abi.E2BIG
	case len(p) < int(n):
		return abi.EFAULT
	}
	return abi.OK
}

// attrEnd is where the command's fields end: of one without rules here, nothing is known.
func (x *run) attrEnd() int {
	command := commandOf(x.call.Cmd)
	if end, differs := x.oldEnd(x.call.Cmd); differs {
		return end
	}
	switch {
	case x.call.Cmd == abi.MapCreate:
		return x.createEnd()
	case command.work == nil:
		return abi.AttrSize
	}
	return command.end
}

func (x *run) u32(offset int) uint32 { return binary.LittleEndian.Uint32(x.attr[offset:]) }
func (x *run) u64(offset int) uint64 { return binary.LittleEndian.Uint64(x.attr[offset:]) }

// zeros are as many as one look at user memory can ask for.
var zeros [abi.MaxAttrSize]byte

// zero reports whether all of b is 0.
func zero(b []byte) bool { return bytes.Equal(b, zeros[:len(b)]) }

// saw is n bytes of memory as the call left them, false where they were not accessible or the call failed.
func (x *run) saw(addr uint64, n int) ([]byte, bool) {
	if x.seen.Errno != abi.OK {
		return nil, false
	}
	return x.then.read(addr, n)
}

// open is the map behind the fd at that offset in attr (__bpf_map_get).
func (x *run) open(offset int) (*object, access, abi.Errno) {
	f, open := x.state.files.get(int32(x.u32(offset)))
	switch {
	case !open:
		return nil, access{}, abi.EBADF
	case f.serial == 0:
		return nil, access{}, abi.EINVAL
	}
	o := x.state.object(f.serial)
	if !o.isMap() {
		return nil, access{}, abi.EINVAL
	}
	x.loose = o.lost
	can := f.access
	can.write = can.write && !o.frozen // frozen counts as no right to write (map_get_sys_perms)
	return o, can, abi.OK
}

// openFor is open for a command that must read or write elements.
func (x *run) openFor(offset int, read, write bool) (*object, abi.Errno) {
	o, can, errno := x.open(offset)
	if errno == abi.OK && (read && !can.read || write && !can.write) {
		return nil, abi.EPERM
	}
	return o, errno
}

// newFD opens o under the number that the kernel chose: any that is not open.
func (x *run) newFD(serial int, a access) (int32, abi.Errno) {
	fd := x.seen.Ret
	if x.seen.Errno == abi.OK && (fd < 0 || x.state.Open(fd)) {
		return -1, abi.OK
	}
	x.state.install(fd, &description{serial: serial, access: a})
	return fd, abi.OK
}
