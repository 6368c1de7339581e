package conform

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// duel is a promise about calls that are made at the same time.
type duel struct {
	name, text string
	types      []abi.MapType
	program    []string
	// round makes the calls once and says what was wrong.
	round func(d *dueling) string
}

// dueling is one round: a fresh map for it.
type dueling struct {
	m    Map
	spec Spec
}

const (
	duelists = 4   // goroutines
	rounds   = 100 // of each duel
)

var hashes = []abi.MapType{abi.Hash, abi.LRUHash}

var duels = []duel{
	{
		"one-inserts", "Of several that insert a key with BPF_NOEXIST at the same time one does, and its value is there.", hashes,
		[]string{"create m hash", "update m 1 I NOEXIST, by 4 at the same time", "lookup m 1"}, (*dueling).insert,
	},
	{
		"one-deletes", "Of several that delete a key at the same time one does.", hashes,
		[]string{"create m hash", "update m 1 10", "delete m 1, by 4 at the same time"}, (*dueling).delete,
	},
	{
		"one-takes", "Of several that take a key at the same time one gets its value.", hashes,
		[]string{"create m hash", "update m 1 10", "take m 1, by 4 at the same time"}, (*dueling).take,
	},
	{
		"one-place", "Of several that insert into the last place of a map at the same time one does.", []abi.MapType{abi.Hash},
		[]string{"create m hash max_entries=1", "update m I 10, by 4 at the same time", "walk m"}, (*dueling).fill,
	},
	{
		"whole-values", "A value of 8 bytes is read as it was written, whoever writes another at the same time.", []abi.MapType{abi.Hash, abi.LRUHash, abi.Array},
		[]string{"create m hash", "update m 1 IIIIIIII, by 2 at the same time", "lookup m 1, by 2 at the same time"}, (*dueling).whole,
	},
}

// duels asks a Go type what is promised of calls at the same time.
func (s *suite) duels(m *mock) {
	area := s.report.area("concurrent")
	for _, d := range duels {
		for _, t := range d.types {
			if !s.wants(t) {
				continue
			}
			why, asked := d.run(m.fresh(), t)
			switch {
			case !asked:
				area.LeftOut++
				continue
			case why == "":
				area.Passed++
			default:
				b := s.found("concurrent/"+d.name, d.text, why)
				b.Types, b.Program = append(b.Types, t.String()), d.program
			}
			area.Asked++
		}
	}
}

// run makes all rounds; asked is false where the type does not have what it takes.
func (d duel) run(maps Maps, t abi.MapType) (why string, asked bool) {
	spec := Spec{Type: t.String(), KeySize: 4, ValueSize: 8, MaxEntries: 4, CPUs: mockCPUs}
	if d.name == "one-place" {
		spec.MaxEntries = 1
	}
	for range rounds {
		m, err := maps.Create(spec)
		if err != nil {
			return "", false
		}
		if _, taker := m.(Taker); d.name == "one-takes" && !taker {
			return "", false
		}
		if why = d.round(&dueling{m, spec}); why != "" {
			return why, true
		}
	}
	return "", true
}

// together makes a call by several goroutines, all let go at once, and counts the answers.
func together(call func(i int) error) map[abi.Errno]int {
	var start, done sync.WaitGroup
	start.Add(1)
	errs := make([]error, duelists)
	for i := range duelists {
		done.Go(func() {
			start.Wait()
			errs[i] = call(i)
		})
	}
	start.Done()
	done.Wait()
	answers := map[abi.Errno]int{}
	for _, err := range errs {
		errno, _ := errnoOf(err)
		answers[errno]++
	}
	return answers
}

// one says what is wrong unless one call succeeded and the others got errno.
func one(answers map[abi.Errno]int, errno abi.Errno) string {
	if answers[abi.OK] == 1 && answers[errno] == duelists-1 {
		return ""
	}
	return fmt.Sprintf("want OK once and %s %d times, got %v", errno, duelists-1, answers)
}

var duelKey = le32(1)

func (d *dueling) value(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, d.spec.ValueSize) }

func (d *dueling) insert() string {
	var mu sync.Mutex
	var winner []byte
	answers := together(func(i int) error {
		err := d.m.Update(duelKey, d.value(i), abi.NoExist)
		if err == nil {
			mu.Lock()
			winner = d.value(i)
			mu.Unlock()
		}
		return err
	})
	if why := one(answers, abi.EEXIST); why != "" {
		return why
	}
	if got, err := d.m.Lookup(duelKey); err != nil || !bytes.Equal(got, winner) {
		return fmt.Sprintf("the value is %x (%v), and %x was inserted", got, err, winner)
	}
	return ""
}

func (d *dueling) delete() string {
	if err := d.m.Update(duelKey, d.value(0), abi.Any); err != nil {
		return fmt.Sprintf("update: %v", err)
	}
	return one(together(func(int) error { return d.m.Delete(duelKey) }), abi.ENOENT)
}

func (d *dueling) take() string {
	if err := d.m.Update(duelKey, d.value(0), abi.Any); err != nil {
		return fmt.Sprintf("update: %v", err)
	}
	return one(together(func(int) error {
		_, err := d.m.(Taker).LookupAndDelete(duelKey)
		return err
	}), abi.ENOENT)
}

func (d *dueling) fill() string {
	return one(together(func(i int) error { return d.m.Update(le32(uint64(i)), d.value(i), abi.Any) }), abi.E2BIG)
}

func (d *dueling) whole() string {
	if err := d.m.Update(duelKey, d.value(0), abi.Any); err != nil {
		return fmt.Sprintf("update: %v", err)
	}
	var torn sync.Map
	together(func(i int) error {
		for range 16 {
			if i%2 == 0 {
				_ = d.m.Update(duelKey, d.value(i), abi.Any)
				continue
			}
			got, err := d.m.Lookup(duelKey)
			if err != nil || len(got) != 8 || binary.LittleEndian.Uint64(got) != uint64(got[0])*0x0101010101010101 {
				torn.Store(fmt.Sprintf("%x (%v)", got, err), true)
			}
		}
		return nil
	})
	why := ""
	torn.Range(func(value, _ any) bool {
		why = fmt.Sprintf("read %s", value)
		return false
	})
	return why
}

// concurrently runs the duels where they are asked for and can be.
func (s *suite) concurrently(on semantics.Implementation) {
	if m, ok := on.(*mock); ok && s.options.Concurrent {
		s.duels(m)
	}
}
