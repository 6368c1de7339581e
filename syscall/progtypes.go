package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// The records that describe a program with the types of its BTF, in bytes as this kernel knows them.
const (
	funcInfoSize = 8  // instruction, type
	lineInfoSize = 16 // instruction, file, line, line and column
	coreReloSize = 16
	maxRecord    = 252
	// Where the sizes of records lie in the attr: a loader that knows larger ones learns these.
	funcRecSizeAt = 76
	lineRecSizeAt = 92
	coreRecSizeAt = 136
)

// records is an array of records in user memory, each with a size of its own.
type records struct {
	at          uint64
	count       uint32
	size, known uint32 // bytes: as given, and as this kernel knows them
	sizeAt      uint64 // in the attr
	what        string
}

// fits tells whether a loader can have such records.
func (r *records) fits() bool { return r.size >= r.known && r.size <= maxRecord && r.size%4 == 0 }

// readRecords has each called with a record, one after the other as they are read.
func (l *loading) readRecords(r records, each func(i uint32, record []byte) abi.Errno) ([]byte, abi.Errno) {
	var all []byte
	for i := range r.count {
		at := r.at + uint64(i)*uint64(r.size)
		if errno := l.zeroBehind(at, r.known, r.size); errno != abi.OK {
			if errno == abi.E2BIG {
				l.log.Printf("nonzero tailing record in %s", r.what)
				if fault := l.copyWordOut(l.addr+r.sizeAt, r.known); fault != abi.OK {
					return nil, fault
				}
			}
			return nil, errno
		}
		all = append(all, make([]byte, r.known)...)
		record := all[len(all)-int(r.known):]
		if errno := l.copyIn(record, at); errno != abi.OK {
			return nil, errno
		}
		if errno := each(i, record); errno != abi.OK {
			return nil, errno
		}
	}
	if !l.made.account.Take(uint64(len(all))) {
		return nil, abi.ENOMEM
	}
	return all, abi.OK
}

// readFuncs follows check_btf_info_early: the program's BTF, and what its functions are.
func (l *loading) readFuncs() (errno abi.Errno) {
	if l.FuncInfoCnt == 0 && l.LineInfoCnt == 0 {
		return abi.OK
	}
	p := l.made
	if p.btf, errno = l.btfByFD(l.BTFFD); errno != abi.OK {
		return errno
	}
	if p.btf.own() != 0 {
		return abi.EACCES
	}
	if l.FuncInfoCnt == 0 {
		return abi.OK
	}
	r := records{l.FuncInfo, l.FuncInfoCnt, l.FuncInfoRecSize, funcInfoSize, funcRecSizeAt, "func info"}
	if !r.fits() {
		l.log.Printf("invalid func info rec size %d\n", r.size)
		return abi.EINVAL
	}
	before := uint32(0)
	p.funcInfo, errno = l.readRecords(r, func(i uint32, record []byte) abi.Errno {
		at, id := word(record, 0), word(record, 1)
		switch {
		case i == 0 && at != 0:
			l.log.Printf("nonzero insn_off %d for the first func info record", at)
			return abi.EINVAL
		case i > 0 && at <= before:
			l.log.Printf("same or smaller insn offset (%d) than previous func info record (%d)", at, before)
			return abi.EINVAL
		case !p.btf.types.Func(id):
			l.log.Printf("invalid type id %d in func info", id)
			return abi.EINVAL
		}
		before = at
		return abi.OK
	})
	return errno
}

func word(record []byte, i int) uint32 { return binary.LittleEndian.Uint32(record[4*i:]) }

// checkTypes follows check_btf_info.
func (l *loading) checkTypes() abi.Errno {
	if errno := l.checkFuncs(); errno != abi.OK || l.FuncInfoCnt == 0 && l.LineInfoCnt == 0 {
		return errno
	}
	return firstErrno(l.readLines, l.readRelos)
}

// checkFuncs: each function has its record, or none has. Functions without one must be plain.
func (l *loading) checkFuncs() abi.Errno {
	p := l.made
	if l.FuncInfoCnt == 0 {
		return l.checkUntyped()
	}
	if int(l.FuncInfoCnt) != len(l.made.starts) {
		l.log.Printf("number of funcs in func_info doesn't match number of subprogs\n")
		return abi.EINVAL
	}
	for f, start := range l.made.starts {
		record := p.funcInfo[f*funcInfoSize:]
		if uint32(start) != word(record, 0) {
			l.log.Printf("func_info BTF section doesn't match subprog layout in BPF program\n")
			return abi.EINVAL
		}
		if f == 0 || p.btf.types.ReturnsInt(word(record, 1)) {
			continue
		}
		switch s := l.special(f); {
		case s.LoadsPackets:
			l.log.Printf("LD_ABS is only allowed in functions that return 'int'.\n")
			return abi.EINVAL
		case s.TailCalls:
			l.log.Printf("tail_call is only allowed in functions that return 'int'.\n")
			return abi.EINVAL
		}
	}
	return abi.OK
}

// checkUntyped follows check_abnormal_return.
func (l *loading) checkUntyped() abi.Errno {
	for f := 1; f < len(l.made.starts); f++ {
		switch s := l.special(f); {
		case s.LoadsPackets:
			l.log.Printf("LD_ABS is not allowed in subprogs without BTF\n")
			return abi.EINVAL
		case s.TailCalls:
			l.log.Printf("tail_call is not allowed in subprogs without BTF\n")
			return abi.EINVAL
		}
	}
	return abi.OK
}
