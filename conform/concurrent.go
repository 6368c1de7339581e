package conform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// duel is a promise about calls that are made at the same time.
type duel struct {
	name, text string
	types      []abi.MapType
	entries    int
	program    []string
	// round makes the calls once and says what was wrong.
	round func(c crowd) (why string, err error)
}

const (
	duelists = 4   // calls at the same time
	rounds   = 100 // of each duel
	duelSize = 8   // of values, in bytes
)

var hashes = []abi.MapType{abi.Hash, abi.LRUHash}

var duels = []duel{
	{
		"one-inserts", "Of several that insert a key with BPF_NOEXIST at the same time one does, and its value is there.", hashes, 4,
		[]string{"create m hash", "update m 1 I NOEXIST, by 4 at the same time", "lookup m 1"}, inserts,
	},
	{
		"one-deletes", "Of several that delete a key at the same time one does.", hashes, 4,
		[]string{"create m hash", "update m 1 10", "delete m 1, by 4 at the same time"}, deletes,
	},
	{
		"one-takes", "Of several that take a key at the same time one gets its value.", hashes, 4,
		[]string{"create m hash", "update m 1 10", "take m 1, by 4 at the same time"}, takes,
	},
	{
		"one-place", "Of several that insert into the last place of a map at the same time one does.", []abi.MapType{abi.Hash}, 1,
		[]string{"create m hash max_entries=1", "update m I 10, by 4 at the same time"}, fills,
	},
	{
		"whole-values", "A value of 8 bytes is read as it was written, whoever writes another at the same time.",
		[]abi.MapType{abi.Hash, abi.LRUHash, abi.Array}, 4,
		[]string{"create m hash", "update m 1 IIIIIIII, by 2 at the same time", "lookup m 1, by 2 at the same time"}, reads,
	},
}

// concurrently asks what is promised of calls at the same time.
func (s *suite) concurrently() error {
	var c crowd
	switch on := s.on.(type) {
	case *mock:
		c = &goType{fresh: on.fresh}
		if !s.options.Concurrent {
			return nil
		}
	case *Plugin:
		c = on
	default:
		return nil
	}
	for _, d := range duels {
		for _, t := range d.types {
			if !s.wants(t) {
				continue
			}
			why, err := d.run(c, t)
			if err := s.concurrent("concurrent/"+d.name, d.text, t, why, d.program, err); err != nil {
				return err
			}
		}
	}
	for _, t := range hashes {
		if !s.wants(t) {
			continue
		}
		why, program, err := s.histories(c, t)
		if err := s.concurrent("concurrent/linearizable", "Whatever several do to a key at the same time is as if they came one after the other.", t, why, program, err); err != nil {
			return err
		}
	}
	return nil
}

// concurrent counts what came of a promise.
func (s *suite) concurrent(name, text string, t abi.MapType, why string, program []string, err error) error {
	area := s.report.area("concurrent")
	switch {
	case errors.Is(err, ErrUnsupported):
		area.LeftOut++
		return nil
	case errors.As(err, new(fatal)):
		return err
	case err != nil:
		why = err.Error()
	}
	area.Asked++
	if why == "" {
		area.Passed++
		return nil
	}
	b := s.found(name, text, why)
	b.Types, b.Program = append(b.Types, t.String()), program
	return nil
}

func concurrentSpec(t abi.MapType, entries int) Spec {
	return Spec{Type: t.String(), KeySize: 4, ValueSize: duelSize, MaxEntries: entries, CPUs: mockCPUs}
}

// run makes all rounds, each on a new map.
func (d duel) run(c crowd, t abi.MapType) (why string, err error) {
	for range rounds {
		if err := c.create(concurrentSpec(t, d.entries)); err != nil {
			return "", err
		}
		if why, err = d.round(c); why != "" || err != nil {
			return why, err
		}
	}
	return "", nil
}

// histories draws what several do, and says of the first history that is not linearizable how it begins.
func (s *suite) histories(c crowd, t abi.MapType) (why string, program []string, err error) {
	random := rand.New(rand.NewPCG(s.options.Seed, uint64(t)))
	verbs := []string{"lookup", "update", "update", "delete", "take"}
	for range histories {
		if err := c.create(concurrentSpec(t, 64)); err != nil { // room enough: nothing is evicted
			return "", nil, err
		}
		h := draw(random, verbs, duelSize)
		err := h.run(c)
		if errors.Is(err, ErrUnsupported) && len(verbs) == 5 { // there may be no take
			verbs = verbs[:4]
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if !h.linearizable() {
			return "there is no order of these calls in which they answer so", h.shortest().lines(), nil
		}
	}
	return "", nil, nil
}

// same are the same call by all.
func same(c call) (calls []call) {
	for range duelists {
		calls = append(calls, c)
	}
	return calls
}

// one says what is wrong unless one call succeeded and the others got errno.
func one(replies []reply, errno abi.Errno) string {
	answers := map[abi.Errno]int{}
	for _, r := range replies {
		answers[r.errno]++
	}
	if answers[abi.OK] == 1 && answers[errno] == duelists-1 {
		return ""
	}
	return fmt.Sprintf("want OK once and %s %d times, got %v", errno, duelists-1, answers)
}

var duelKey = le32(1)

// duelValue is the value that the i-th writes.
func duelValue(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, duelSize) }

// put has the key in the map before the duel.
func put(c crowd) error {
	_, err := c.together(call{verb: "update", key: duelKey, value: duelValue(0)})
	return err
}

func inserts(c crowd) (string, error) {
	var calls []call
	for i := range duelists {
		calls = append(calls, call{"update", duelKey, duelValue(i), abi.NoExist})
	}
	replies, err := c.together(calls...)
	if err != nil {
		return "", err
	}
	if why := one(replies, abi.EEXIST); why != "" {
		return why, nil
	}
	got, err := c.together(call{verb: "lookup", key: duelKey})
	if err != nil {
		return "", err
	}
	for i, r := range replies {
		if r.errno == abi.OK && !bytes.Equal(got[0].value, duelValue(i)) {
			return fmt.Sprintf("the value is %x (%s), and %x was inserted", got[0].value, got[0].errno, duelValue(i)), nil
		}
	}
	return "", nil
}

func deletes(c crowd) (string, error) { return oneGets(c, "delete") }

func takes(c crowd) (string, error) { return oneGets(c, "take") }

// oneGets has all do to a key what one can do.
func oneGets(c crowd, verb string) (string, error) {
	if err := put(c); err != nil {
		return "", err
	}
	replies, err := c.together(same(call{verb: verb, key: duelKey})...)
	if err != nil {
		return "", err
	}
	return one(replies, abi.ENOENT), nil
}

func fills(c crowd) (string, error) {
	var calls []call
	for i := range duelists {
		calls = append(calls, call{verb: "update", key: le32(uint64(i)), value: duelValue(i)})
	}
	replies, err := c.together(calls...)
	if err != nil {
		return "", err
	}
	return one(replies, abi.E2BIG), nil
}

func reads(c crowd) (string, error) {
	if err := put(c); err != nil {
		return "", err
	}
	for range 4 {
		replies, err := c.together(
			call{verb: "update", key: duelKey, value: duelValue(0)}, call{verb: "lookup", key: duelKey},
			call{verb: "update", key: duelKey, value: duelValue(2)}, call{verb: "lookup", key: duelKey},
		)
		if err != nil {
			return "", err
		}
		for _, r := range []reply{replies[1], replies[3]} {
			if len(r.value) != duelSize || binary.LittleEndian.Uint64(r.value) != uint64(r.value[0])*0x0101010101010101 {
				return fmt.Sprintf("read %x (%s)", r.value, r.errno), nil
			}
		}
	}
	return "", nil
}

// setting is a field of a question.
func setting(field, text string) semantics.Setting {
	return semantics.Setting{Field: field, Text: text}
}
