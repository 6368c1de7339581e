package sim

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// A key is copied word by word, without a lock, from an element that becomes another key's meanwhile: GET_NEXT_KEY returns
// a key of 256 bytes that nobody wrote, as on Linux (package live looks for it there).
func TestLongKeysAreCopiedInPieces(t *testing.T) {
	const size = 256
	one, other := bytes.Repeat([]byte("a"), size), bytes.Repeat([]byte("b"), size)
	scenario := func() *Machine {
		m := NewMachine(Options{CPUs: 1, PrivateMemory: true})
		fd, errno := m.User().Create(bpfsys.MapCreate{
			Type: abi.Hash, KeySize: size, ValueSize: 8, MaxEntries: 1, Flags: abi.FlagZeroSeed,
		})
		must(errno)
		elements := m.Map(fd)
		setUp := &maps.Task{}
		must(elements.(maps.Updater).Update(setUp, one, word(1), abi.Any))
		var got []byte
		m.Spawn("walker", 0, func(t *Task) {
			next := make([]byte, size)
			if elements.(maps.NextKeyer).NextKey(&t.Kernel, nil, next) == abi.OK {
				got = next
			}
		})
		m.Spawn("writer", 0, func(t *Task) {
			p := t.Program()
			must(p.Delete(elements, one))
			must(p.Update(elements, other, word(2), abi.Any))
		})
		m.Check(func() error {
			if got != nil && !bytes.Equal(got, one) && !bytes.Equal(got, other) {
				return fmt.Errorf("a key that nobody wrote: %s", got)
			}
			return nil
		})
		return m
	}
	_, err := Explore(scenario, NewDFS(1))
	require.ErrorContains(t, err, "a key that nobody wrote: aaaaaaaa")
}
