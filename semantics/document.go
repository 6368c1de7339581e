package semantics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// Page is a file of the document.
type Page struct{ Name, Text string }

// Pages are the document: an overview, a page for each command, one for each map type.
func Pages() []Page {
	pages := []Page{{"README.md", overview()}}
	for _, c := range Chapters() {
		pages = append(pages, Page{c.file(), c.page()})
	}
	for _, t := range Types() {
		pages = append(pages, Page{typeFile(t), typePage(t)})
	}
	return pages
}

// Types are the map types of which something is stated, by number.
func Types() []abi.MapType {
	var types []abi.MapType
	for _, c := range Chapters() {
		for _, r := range c.Rules {
			types = append(types, r.Types...)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func (c Chapter) file() string { return strings.ToLower(CmdName(c.Cmd)) + ".md" }

func typeFile(t abi.MapType) string { return "type_" + strings.ToLower(t.String()) + ".md" }

func overview() string {
	w := new(strings.Builder)
	w.WriteString(overviewText)
	fmt.Fprintf(w, "\n%d statements, and %d about the order of two checks. Of all of them %d are asked of Linux 6.18, too; the others are about\n"+
		"BPF_MAP_DUMP_AND_DELETE and BPF_F_DUMP_BUCKET, which no kernel has. BPF_MAP_DUMP is made there of the calls that its loop stands for.\n\n| command | rules | statements | pairs of checks |\n|---|---:|---:|---:|\n",
		len(Statements()), len(Pairs()), onLinux())
	for _, c := range Chapters() {
		statements, pairs := 0, 0
		for _, r := range c.Rules {
			statements += len(r.types())
			pairs += len(r.pairs)
		}
		fmt.Fprintf(w, "| [%s](%s) | %d | %d | %d |\n", c.Cmd, c.file(), len(c.Rules), statements, pairs)
	}
	w.WriteString("\nBy map type: ")
	for i, t := range Types() {
		if i > 0 {
			w.WriteString(", ")
		}
		fmt.Fprintf(w, "[%s](%s)", t, typeFile(t))
	}
	w.WriteString(".\n")
	return w.String()
}

// onLinux is the number of statements and pairs that Linux is asked.
func onLinux() (n int) {
	for _, s := range append(Statements(), Pairs()...) {
		if s.OnLinux() {
			n++
		}
	}
	return n
}

const overviewText = `# What bpf(2) promises of maps

<!-- Generated from semantics/rules by go test ./semantics -run TestDocument -update -->

Each statement here is a check with a name: a command, map types, an errno, a sentence, and a program that shows it. All are run on bpfsim,
against the specification in [model](../../model) and on Linux 6.18; for each, another answer has been shown to fail.
` + "`bpfsim spec MAP_LOOKUP_BATCH hash` prints a piece of it, and `bpfsim spec EINVAL MAP_CREATE` what can be wrong, in the order in which it is found." + `

**How to read the programs.** A line is a call, and behind the arrow is what comes of it: an errno (none is success), then what is given
back. Maps are made with keys of 4 and values of 8 bytes and room for 4 elements unless the line says otherwise, and with BPF_F_ZERO_SEED where
the order depends on a seed. Keys and values are little-endian numbers. ` + "`10/20`" + ` is a per-CPU value: 10 on CPU 0, 20 on the
others. ` + "`5/24`" + ` as the key of an LPM_TRIE has 24 bits of prefix. ` + "`-`" + ` is NULL, ` + "`bad`" + ` an address that faults, ` + "`readonly`" + ` one that cannot be
written, ` + "`edge:3`" + ` has three good bytes before the first that faults, ` + "`end:7`" + ` is a 7 that ends there, ` + "`@next_key`" + ` is the memory of that field, as the call before left it. ` + "`size`" + `
is the third argument of bpf(2), ` + "`tail=32`" + ` sets the byte at offset 32 of attr. An fd is named by the step that made it; ` + "`id:m`" + ` is m's id.
` + "`btf b`" + ` loads types: 1 is an int of 4 bytes, 2 one of 8, 3 bpf_spin_lock, 4 a struct of an int and such a lock. ` + "`take`" + ` is LOOKUP_AND_DELETE_ELEM, ` + "`walk`" + ` is GET_NEXT_KEY until ENOENT, in any order.

**What holds throughout.** After a success nothing is written but what the statement names or the command's page says; after an error,
nothing at all but what the statement names. ` + "`loose`" + ` marks the errors after which memory may be written in part. The checks of a command are numbered in the order
in which they are made: where two things are wrong, the one with the lower number is told. That is tested for each two that have different errnos and can be wrong at once.

**Between CPUs.** Each statement is about calls one after the other. What others may see or do in between is not here: a call on one element of a hash is one step for all who take its bucket's lock, a batch of a hash
is one for each bucket, and an ARRAY takes no lock at all; [guarantees](../guarantees.md) says what follows from that, walk by walk, with every schedule explored.
`

// page is the command's chapter as a page.
func (c Chapter) page() string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "# %s\n\n%s\n\n%s\n%s", c.Cmd, c.Intro, fieldTable(c.Cmd), c.Piece(Filter{}))
	return w.String()
}

// fieldTable are the fields that the command has in attr.
func fieldTable(cmd abi.Cmd) string {
	w := new(strings.Builder)
	w.WriteString("| field of attr | offset | bytes |\n|---|---:|---:|\n")
	for _, f := range abi.Fields(cmd) {
		fmt.Fprintf(w, "| %s | %d | %d |\n", f.Name, f.Offset, f.Size)
	}
	return w.String()
}

// typePage lists what is stated of a map type.
func typePage(t abi.MapType) string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "# BPF_MAP_TYPE_%s\n\n<!-- Generated, see README.md -->\n", t)
	for _, c := range Chapters() {
		heading := fmt.Sprintf("\n## [%s](%s)\n\n", c.Cmd, c.file())
		for _, r := range c.Rules {
			if !slices.Contains(r.Types, t) {
				continue
			}
			fmt.Fprintf(w, "%s- %s**%s** (%s): %s\n", heading, r.number(), r.Short, r.Errno, r.Text)
			heading = ""
		}
	}
	return w.String()
}

// number is the check's place in its order, as text before the rule.
func (r *Rule) number() string {
	if r.Check == 0 {
		return ""
	}
	return fmt.Sprintf("check %d, ", r.Check)
}
