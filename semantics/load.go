package semantics

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

//go:embed rules/*.txt
var ruleFiles embed.FS

// Chapter is what is said of a command.
type Chapter struct {
	Cmd   abi.Cmd
	Intro string
	Rules []*Rule
}

// Chapters are those of all commands, in the order of their numbers.
var Chapters = sync.OnceValue(func() []Chapter {
	files, err := ruleFiles.ReadDir("rules")
	if err != nil {
		panic(err)
	}
	var all []Chapter
	for _, f := range files {
		text, err := ruleFiles.ReadFile("rules/" + f.Name())
		if err != nil {
			panic(err)
		}
		c, err := parseChapter(string(text))
		if err != nil {
			panic(fmt.Sprintf("semantics: %s: %v", f.Name(), err))
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Chapter) int { return int(a.Cmd) - int(b.Cmd) })
	return all
})

// Statements are all statements that stand in the document, in its order.
func Statements() []Statement {
	var all []Statement
	for _, c := range Chapters() {
		for _, r := range c.Rules {
			all = append(all, r.Statements()...)
		}
	}
	return all
}

// Pairs are statements of which the document tells by the order of the checks alone: each check is told before each one behind it.
func Pairs() []Statement {
	var all []Statement
	for _, c := range Chapters() {
		for _, r := range c.Rules {
			all = append(all, r.pairs...)
		}
	}
	return all
}

// groups are names for several map types.
var groups = map[string][]abi.MapType{
	"@hash":    {abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash},
	"@lru":     {abi.LRUHash, abi.LRUPerCPUHash},
	"@plain":   {abi.Hash, abi.PerCPUHash}, // hashes that evict nothing
	"@array":   {abi.Array, abi.PerCPUArray},
	"@percpu":  {abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray},
	"@keyed":   {abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash, abi.LPMTrie},
	"@element": {abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash, abi.LPMTrie, abi.Array, abi.PerCPUArray},
	"@queue":   {abi.Queue, abi.Stack},
	"@data":    {abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash, abi.LPMTrie, abi.Array, abi.PerCPUArray, abi.Queue, abi.Stack, abi.BloomFilter},
	"@sockets": {abi.SockMap, abi.SockHash, abi.XSKMap, abi.ReusePortSockArray},
	"@slots":   {abi.ProgArray, abi.PerfEventArray, abi.CgroupArray, abi.DevMap, abi.DevMapHash, abi.CPUMap},
	"@rings":   {abi.RingBuf, abi.UserRingBuf},
	"@storage": {abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage},
}

func parseTypes(words []string) (types []abi.MapType, err error) {
	for _, word := range words {
		if group, known := groups[word]; known {
			types = append(types, group...)
			continue
		}
		t, known := TypeByName(word)
		if !known {
			return nil, fmt.Errorf("no map type %q", word)
		}
		types = append(types, t)
	}
	return types, nil
}

// TypeByName finds a map type by its name in either case.
func TypeByName(name string) (abi.MapType, bool) {
	for t := range abi.NumMapTypes {
		if strings.EqualFold(t.String(), name) {
			return t, true
		}
	}
	return 0, false
}

// parseChapter reads a file of rules: the command, what is said of it as a whole, then rules ("==") and orders of checks (">>"), each with
// its program, which is indented. An order's checks ("--") say what makes the call of the order wrong.
func parseChapter(text string) (Chapter, error) {
	head, rest, _ := strings.Cut(text, "\n")
	cmd, known := abi.CmdByName("BPF_" + strings.TrimPrefix(head, "# "))
	if !known {
		return Chapter{}, fmt.Errorf("%q names no command", head)
	}
	c := Chapter{Cmd: cmd}
	blocks := splitBlocks(rest)
	c.Intro = strings.TrimSpace(blocks[0])
	var o *order
	for _, block := range blocks[1:] {
		var err error
		switch block[:2] {
		case "==":
			var r *Rule
			if r, err = parseRule(cmd, block); err == nil {
				c.Rules = append(c.Rules, r)
			}
		case ">>":
			o, err = parseOrder(cmd, block)
		case "--":
			var rules []*Rule
			rules, err = o.check(block)
			c.Rules = append(c.Rules, rules...)
		}
		if err != nil {
			line, _, _ := strings.Cut(block, "\n")
			return c, fmt.Errorf("%s: %w", line, err)
		}
	}
	return c, nil
}

// splitBlocks cuts text before each line that begins a rule, an order or a check.
func splitBlocks(text string) []string {
	blocks := []string{""}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "== ") || strings.HasPrefix(line, ">> ") || strings.HasPrefix(line, "-- ") {
			blocks = append(blocks, "")
		}
		blocks[len(blocks)-1] += line
	}
	return blocks
}

// sections are the first line, the sentences and the indented lines of a block.
func sections(block string) (title, sentences, program string) {
	title, rest, _ := strings.Cut(block, "\n")
	var words []string
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "    ") {
			program += line
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	return title[3:], strings.Join(words, " "), program
}

// parseRule reads "== short: ERRNO on TYPES as nobody" and what follows.
func parseRule(cmd abi.Cmd, block string) (*Rule, error) {
	title, text, program := sections(block)
	title, nobody := strings.CutSuffix(title, " as nobody")
	short, rest, _ := strings.Cut(title, ": ")
	what, types, _ := strings.Cut(rest, " on ")
	errno, known := abi.ErrnoByName(what)
	if !known {
		return nil, fmt.Errorf("%q is no errno", what)
	}
	r := &Rule{Cmd: cmd, Short: short, Errno: errno, Text: text, Nobody: nobody}
	var err error
	if r.Types, err = parseTypes(strings.Fields(types)); err != nil {
		return nil, err
	}
	r.Program, err = ParseProgram(program)
	return r, err
}
