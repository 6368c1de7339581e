package insn

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// set is a set of numbers of helpers or attach types.
type set [4]uint64

func (s *set) add(n uint32)      { s[n/64] |= 1 << (n % 64) }
func (s *set) has(n uint32) bool { return n < 256 && s[n/64]>>(n%64)&1 != 0 }

func (s *set) addAll(o set) {
	for i, word := range o {
		s[i] |= word
	}
}

// parseSet reads a set as the table has it: "1-3 5 8".
func parseSet(text string) (s set) {
	for word := range strings.FieldsSeq(text) {
		from, to, isRange := strings.Cut(word, "-")
		first, _ := strconv.Atoi(from)
		last := first
		if isRange {
			last, _ = strconv.Atoi(to)
		}
		for n := first; n <= last; n++ {
			s.add(uint32(n))
		}
	}
	return s
}

// helpersOf are the helpers of programs of a type, where it is attached at some places.
type helpersOf struct {
	attach set // empty for everywhere
	all    set
}

// allowed are the helpers by program type; none where Linux was not asked, because nobody could load such a program there.
var allowed = func() (byType [abi.NumProgTypes][]helpersOf) {
	for _, row := range helperTable {
		h := helpersOf{attach: parseSet(row.attach), all: parseSet(helpersOfAll)}
		h.all.addAll(parseSet(row.more))
		byType[row.kind] = append(byType[row.kind], h)
	}
	return byType
}()

var (
	sleepers  = parseSet(sleepingHelpers)
	forGPL    = parseSet(gplHelpers)
	forPerf   = parseSet(perfmonHelpers)
	socketsOf = parseSet(perfmonSockets)
	notProbed = parseSet(unprobedHelpers)
)

// helpersFor is what is known of programs of a kind; false where nothing is.
func (k Kind) helpersFor() (set, bool) {
	if k.Type >= abi.NumProgTypes {
		return set{}, false
	}
	rows := allowed[k.Type]
	at := slices.IndexFunc(rows, func(h helpersOf) bool { return h.attach == set{} || h.attach.has(uint32(k.Attach)) })
	if at < 0 {
		return set{}, false
	}
	return rows[at].all, true
}

// Helper is what check_helper_call refuses before it looks at arguments.
func (k Kind) Helper(id int32, log Log) abi.Errno {
	if id <= 0 || int(id) >= len(helperNames) {
		log.Printf("invalid func %s#%d\n", helperName(id), id)
		return abi.EINVAL
	}
	n := uint32(id)
	helpers, known := k.helpersFor()
	if known && !helpers.has(n) || !k.Perfmon && k.needsPerfmon(n) {
		log.Printf("program of this type cannot use helper %s#%d\n", helperName(id), id)
		return abi.EINVAL
	}
	switch {
	case !k.GPL && forGPL.has(n) && !(n == getStackID && k.Type == abi.ProgPerfEvent):
		log.Printf("cannot call GPL-restricted function from non-GPL compatible program\n")
		return abi.EINVAL
	case k.Type == abi.ProgSyscall && notProbed.has(n):
		log.Printf("helper call is not allowed in probe\n")
		return abi.EINVAL
	case !k.Sleepable && sleepers.has(n):
		log.Printf("helper call might sleep in a non-sleepable prog\n")
		return abi.EINVAL
	}
	return abi.OK
}

// needsPerfmon tells the helpers that take CAP_PERFMON.
func (k Kind) needsPerfmon(n uint32) bool {
	return forPerf.has(n) || k.Type != abi.ProgSyscall && socketsOf.has(n)
}

// getStackID is free in programs for perf events alone.
const getStackID = 27

func helperName(id int32) string {
	if id <= 0 || int(id) >= len(helperNames) {
		return "unknown"
	}
	return "bpf_" + helperNames[id]
}
