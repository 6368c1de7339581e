package model

import "github.com/bpfsim/bpfsim/abi"

// ring is a RINGBUF or USER_RINGBUF map (kernel/bpf/ringbuf.c): to bpf(2) it has no elements, which all commands on elements
// say (measured on 6.18).
type ring struct{}

func newRing(spec, int) table { return ring{} }

func (ring) clone() table { return ring{} }

func (ring) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.ENOTSUPP }

func (ring) update(int, []byte, []byte, uint64) abi.Errno { return abi.ENOTSUPP }

func (ring) delete(int, []byte) abi.Errno { return abi.ENOTSUPP }

func (ring) next(_, _ []byte) ([]byte, abi.Errno) { return nil, abi.ENOTSUPP }

// allocRing is ringbuf_map_alloc: the size is a power of two of at least a page.
func (s *spec) allocRing() abi.Errno {
	n := s.maxEntries
	if s.flags&^abi.FlagNUMANode != 0 || s.keySize != 0 || s.valueSize != 0 || n < 4096 || n&(n-1) != 0 {
		return abi.EINVAL
	}
	return abi.OK
}
