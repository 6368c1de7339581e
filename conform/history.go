package conform

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/bpfsim/bpfsim/abi"
)

// history is what several did to a few keys, round by round: the calls of a round are made at the same time.
type history struct {
	calls   [][]call
	replies [][]reply
}

const (
	histories    = 20 // for each map type
	historyRound = 8  // rounds of each
	historyKeys  = 2
)

// draw draws calls. Values differ, so that each tells who wrote it.
func draw(random *rand.Rand, verbs []string, valueSize int) (h history) {
	next := uint64(0)
	for range historyRound {
		var round []call
		for range duelists {
			c := call{verb: verbs[random.IntN(len(verbs))], key: le32(uint64(1 + random.IntN(historyKeys)))}
			if c.verb == "update" {
				next++
				c.value = append(le32(next), make([]byte, valueSize-4)...)
				c.flags = uint64(random.IntN(3))
			}
			round = append(round, c)
		}
		h.calls = append(h.calls, round)
	}
	return h
}

// run makes the calls.
func (h *history) run(c crowd) error {
	for _, round := range h.calls {
		replies, err := c.together(round...)
		if err != nil {
			return err
		}
		h.replies = append(h.replies, replies)
	}
	return nil
}

// linearizable says whether each key's calls are as if they came one after the other.
func (h *history) linearizable() bool {
	var operations []porcupine.Operation
	for i, round := range h.calls {
		for j, c := range round {
			operations = append(operations, porcupine.Operation{
				ClientId: j, Input: c, Call: int64(2 * i), Output: h.replies[i][j], Return: int64(2*i + 1),
			})
		}
	}
	return porcupine.CheckOperations(element, operations)
}

// element is one key of a hash: its value, "" when it is not there.
var element = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		keys := make(map[string][]porcupine.Operation)
		for _, o := range all {
			key := string(o.Input.(call).key)
			keys[key] = append(keys[key], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range keys {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		value, after, errno := elementAfter(state.(string), input.(call))
		r := output.(reply)
		return r.errno == errno && (errno != abi.OK || value == string(r.value)), after
	},
}

// elementAfter is what a call answers, a value or an errno, and the element behind it.
func elementAfter(before string, c call) (value, after string, errno abi.Errno) {
	absent := before == ""
	switch {
	case c.verb == "update" && c.flags == abi.NoExist && !absent:
		return "", before, abi.EEXIST
	case c.verb == "update" && c.flags == abi.Exist && absent:
		return "", before, abi.ENOENT
	case c.verb == "update":
		return "", string(c.value), abi.OK
	case absent:
		return "", before, abi.ENOENT
	case c.verb == "lookup":
		return before, before, abi.OK
	case c.verb == "take":
		return before, "", abi.OK
	}
	return "", "", abi.OK
}

// lines is the history up to its end, a line each round.
func (h *history) lines() []string {
	lines := []string{"create m hash"}
	for i, round := range h.calls {
		var told []string
		for j, c := range round {
			told = append(told, fmt.Sprintf("%s -> %s", c, h.replies[i][j]))
		}
		lines = append(lines, "at the same time: "+strings.Join(told, "; "))
	}
	return lines
}

func (c call) String() string {
	words := []string{c.verb, "m", bytesNumber(c.key)}
	if c.verb == "update" {
		words = append(words, bytesNumber(c.value))
	}
	if c.flags != 0 {
		words = append(words, []string{"", "NOEXIST", "EXIST"}[c.flags])
	}
	return strings.Join(words, " ")
}

func (r reply) String() string {
	if r.errno == abi.OK && r.value != nil {
		return bytesNumber(r.value)
	}
	return r.errno.String()
}

// bytesNumber is the little-endian number in b's first bytes.
func bytesNumber(b []byte) string {
	n := uint64(0)
	for _, x := range slices.Backward(b[:min(len(b), 8)]) {
		n = n<<8 | uint64(x)
	}
	return fmt.Sprint(n)
}

// prefix is the history's first rounds.
func (h *history) prefix(rounds int) *history {
	return &history{h.calls[:rounds], h.replies[:rounds]}
}

// shortest is the shortest beginning that is not linearizable.
func (h *history) shortest() *history {
	for n := 1; n < len(h.calls); n++ {
		if p := h.prefix(n); !p.linearizable() {
			return p
		}
	}
	return h
}
