package live

import (
	"encoding/binary"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// The sentences of docs/guarantees.md about Linux that no table shows, each with what shows it there.

var tries = flag.Int("tries", 1_000_000, "calls in which a race of docs/guarantees.md is looked for before its test is skipped; a quarter with -short")

// race looks for something that only two CPUs at work can show: tried, on the first one, reports whether it has, while
// disturb goes on and on, on the last one. A race cannot be made to happen: without it the test is skipped, and says so.
func race(t *testing.T, tried func(*caller) func() bool, disturb func(*caller) func(), shape explore.Shape, create bpfsys.MapCreate) {
	t.Helper()
	m := linuxMachine(t)
	cpus := m.CPUs()
	if len(cpus) < 2 {
		t.Skip("not looked for: it takes two CPUs")
	}
	seen, n := false, 0
	require.NoError(t, m.OnThread(cpus[0], func(system explore.System) error {
		fd, errno := system.Do(create)
		if errno != abi.OK {
			return fmt.Errorf("make the map: %s", errno)
		}
		begun, stop, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			ended <- m.OnThread(cpus[len(cpus)-1], func(system explore.System) error {
				do := disturb(newCaller(system, fd, shape))
				close(begun)
				for {
					select {
					case <-stop:
						return nil
					default:
						do()
					}
				}
			})
		}()
		select {
		case <-begun:
		case err := <-ended:
			return err
		}
		for do := tried(newCaller(system, fd, shape)); n < *tries && !seen; n++ {
			seen = do()
		}
		close(stop)
		return <-ended
	}))
	if !seen {
		t.Skipf("not seen in %d calls on %d CPUs, which proves nothing: -tries looks for longer", n, len(cpus))
	}
	t.Logf("seen in call %d", n)
}

// An ARRAY's values are copied without a lock, those of other sizes than 1, 2, 4 and 8 bytes piece by piece.
func TestLinuxTearsSmallArrayValues(t *testing.T) {
	for _, size := range []int{3, 5, 6, 7} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			race(t, func(d *caller) func() bool {
				return func() bool {
					value, errno := d.lookup(keyOf(0))
					return errno == abi.OK && strings.Count(value, value[:1]) < size
				}
			}, func(d *caller) func() {
				n := 0
				return func() {
					n++
					d.update(keyOf(0), strings.Repeat(string(rune('a'+n%2)), size), abi.Any)
				}
			}, explore.Shape{Type: abi.Array, Value: size},
				bpfsys.MapCreate{Type: abi.Array, KeySize: keyBytes, ValueSize: uint32(size), MaxEntries: 1})
		})
	}
}

// Under BPF_F_NO_PREALLOC the count is looked at before the element is counted: two CPUs find room for one, and both use it.
func TestLinuxHoldsMoreThanMaxEntries(t *testing.T) {
	shape := explore.Shape{Type: abi.Hash, Flags: abi.FlagNoPrealloc, Entries: 2, Value: 8}
	stays, ours, theirs := keyOf(22), keyOf(35), keyOf(3) // the last two in different buckets: in one, a lock would part them
	race(t, func(d *caller) func() bool {
		require.Equal(t, abi.OK, d.update(stays, ValueOf(1, 8), abi.Any))
		return func() bool {
			if d.update(ours, ValueOf(1, 8), abi.Any) != abi.OK {
				return false
			}
			_, errno := d.lookup(theirs)
			d.delete(ours)
			return errno == abi.OK // with stays and ours, which nobody else removes
		}
	}, func(d *caller) func() {
		return func() {
			d.update(theirs, ValueOf(1, 8), abi.Any)
			d.delete(theirs)
		}
	}, shape, bpfsys.MapCreate{
		Type: abi.Hash, KeySize: keyBytes, ValueSize: 8, MaxEntries: shape.Entries, Flags: shape.Flags | abi.FlagZeroSeed,
	})
}

// An element is allocated before the one that it replaces is freed: for so long, a map that has room refuses another key.
func TestLinuxRefusesWhatHasRoom(t *testing.T) {
	shape := explore.Shape{Type: abi.Hash, Flags: abi.FlagNoPrealloc, Entries: 2, Value: 8}
	ours, theirs := keyOf(35), keyOf(3)
	race(t, func(d *caller) func() bool {
		require.Equal(t, abi.OK, d.update(theirs, ValueOf(1, 8), abi.Any))
		return func() bool {
			errno := d.update(ours, ValueOf(1, 8), abi.Any)
			d.delete(ours)
			return errno == abi.E2BIG
		}
	}, func(d *caller) func() {
		return func() { d.update(theirs, ValueOf(1, 8), abi.Any) }
	}, shape, bpfsys.MapCreate{
		Type: abi.Hash, KeySize: keyBytes, ValueSize: 8, MaxEntries: shape.Entries, Flags: shape.Flags | abi.FlagZeroSeed,
	})
}

// GET_NEXT_KEY copies a key without a lock, from an element that is another key's by then: long keys come in pieces of two.
func TestLinuxReturnsKeysThatNobodyWrote(t *testing.T) {
	const size = 256
	var keys []string
	for _, char := range []string{"a", "b"} {
		keys = append(keys, strings.Repeat(char, size))
	}
	race(t, func(d *caller) func() bool {
		next := d.Alloc(size)
		p := make([]byte, size)
		return func() bool {
			if _, errno := d.Do(bpfsys.MapGetNextKey{FD: d.fd, NextKey: next}); errno != abi.OK {
				return false
			}
			d.Memory().Read(p, next)
			return strings.Count(string(p), string(p[:1])) < size
		}
	}, func(d *caller) func() {
		d.key = d.Alloc(size)
		n := 0
		return func() {
			n++
			key := keys[n%2]
			d.update(key, ValueOf(1, 8), abi.Any)
			d.delete(key)
		}
	}, explore.Shape{Type: abi.Hash, Value: 8}, bpfsys.MapCreate{
		Type: abi.Hash, KeySize: size, ValueSize: 8, MaxEntries: 1, Flags: abi.FlagZeroSeed,
	})
}

// GET_NEXT_KEY finds the element of its key and goes on from it in two steps: where that has become another key's in between, it goes
// on in that key's bucket. Keys are long, and alike behind their first bytes, so that finding one takes time.
func TestLinuxGoesOnInAnotherBucket(t *testing.T) {
	const size = 512
	create := bpfsys.MapCreate{Type: abi.Hash, KeySize: size, ValueSize: 8, MaxEntries: 16, Flags: abi.FlagZeroSeed}
	in := inBuckets(t, create)
	first, there, foreign, asked := in[0][0], in[7][0], in[7][1], in[15][0]
	race(t, func(d *caller) func() bool {
		key, next, got := d.Alloc(size), d.Alloc(size), make([]byte, size)
		d.Memory().Write(key, []byte(asked))
		return func() bool {
			if _, errno := d.Do(bpfsys.MapGetNextKey{FD: d.fd, Key: key, NextKey: next}); errno != abi.OK {
				return false
			}
			d.Memory().Read(got, next)
			return string(got) == there // neither behind asked, nor the first of all
		}
	}, func(d *caller) func() {
		d.key = d.Alloc(size)
		for _, key := range []string{first, there, asked} {
			require.Equal(t, abi.OK, d.update(key, ValueOf(1, 8), abi.Any))
		}
		return func() {
			d.delete(asked)
			d.update(foreign, ValueOf(1, 8), abi.Any)
			d.delete(foreign)
			d.update(asked, ValueOf(1, 8), abi.Any)
		}
	}, explore.Shape{Type: abi.Hash, Value: 8}, create)
}

// inBuckets are two keys of each bucket of a map, numbers with zeros behind them.
func inBuckets(t *testing.T, create bpfsys.MapCreate) [][]string {
	m, errno := maps.New(maps.Spec{
		Type: create.Type, KeySize: create.KeySize, ValueSize: create.ValueSize, MaxEntries: create.MaxEntries, Flags: create.Flags, CPUs: 1,
	})
	require.Equal(t, abi.OK, errno)
	in := make([][]string, m.(maps.Drainer).Buckets())
	for n := uint32(1); slices.ContainsFunc(in, func(keys []string) bool { return len(keys) < 2 }); n++ {
		key := keyOf(n) + strings.Repeat("\x00", int(create.KeySize)-keyBytes)
		b := m.(maps.Drainer).BucketOf([]byte(key))
		in[b] = append(in[b], key)
	}
	return in
}

// A batch takes a bucket out before it copies it to the caller: where that faults, nobody has it. Nobody else is about.
func TestBatchThatFaultsLosesABucket(t *testing.T) {
	onMachines(t, func(t *testing.T, m Machine) {
		shape := explore.Shape{Type: abi.Hash, Entries: 16, Value: 8}
		require.NoError(t, m.OnThread(m.CPUs()[0], func(system explore.System) error {
			fd, err := newMap(system, shape)
			if err != nil {
				return err
			}
			d := newCaller(system, fd, shape)
			for _, key := range []uint32{3, 22, 24, 17} { // the first three share a bucket, the last of them all
				require.Equal(t, abi.OK, d.update(keyOf(key), ValueOf(1, 8), abi.Any))
			}
			token := system.Alloc(keyBytes)
			system.Memory().Write(token, binary.LittleEndian.AppendUint32(nil, 15))
			_, errno := system.Do(bpfsys.MapLookupAndDeleteBatch{
				FD: fd, In: token, Out: token, Keys: 0, Values: system.Alloc(8 * 8), Count: 8,
			})
			require.Equal(t, abi.EFAULT, errno)
			require.Zero(t, binary.LittleEndian.Uint32(system.Attr()[abi.BatchCount:]))
			for _, key := range []uint32{3, 22, 24} {
				_, errno := d.lookup(keyOf(key))
				require.Equal(t, abi.ENOENT, errno, key)
			}
			_, errno = d.lookup(keyOf(17))
			require.Equal(t, abi.OK, errno)
			return nil
		}))
	})
}
