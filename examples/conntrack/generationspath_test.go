package conntrack

import (
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// generationsPath is the data path of Generations: what its programs do.
type generationsPath struct {
	tables  [tables]*bpftest.Map
	current *bpftest.Map
	now     Clock
}

func newGenerationsPath(k *bpftest.Handle) *generationsPath {
	p := &generationsPath{current: k.Map("ct_current"), now: clock()}
	for i := range p.tables {
		p.tables[i] = k.Map(fmt.Sprintf("ct_%d", i))
	}
	return p
}

// found is what a program makes of a packet.
type found string

const (
	known found = "known"
	added found = "added"
)

// packet is a packet's way through the program.
func (p *generationsPath) packet(t testing.TB, f Flow) found {
	var n uint32
	require.NoError(t, p.current.Lookup(uint32(0), &n))
	current, last := p.tables[n], p.tables[(n+tables-1)%tables]
	entry := Entry{uint64(p.now())}
	err := current.Update(f, entry, uint64(abi.Exist))
	if err == nil {
		return known
	}
	require.ErrorIs(t, err, unix.ENOENT)
	result := added
	if last.Lookup(f, new(Entry)) == nil {
		result = known
	}
	require.NoError(t, current.Put(f, entry))
	return result
}
