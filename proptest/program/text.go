package program

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// writer builds a program's text. One line is one step; indented lines are the steps inside the dump above them.
type writer struct{ strings.Builder }

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.Builder, format, args...) }

// String is the program's text: a line for the machine, then a line a step. Numbers are decimal unless 0x says
// otherwise, memory is hexadecimal, @1f0 is the address Base+0x1f0.
func (p Program) String() string {
	w := new(writer)
	p.Machine.text(w)
	for _, s := range p.Steps {
		s.text(w)
	}
	return w.String()
}

// GoString is String, so that what rapid prints can be read and pasted.
func (p Program) GoString() string { return "\n" + p.String() }

func (m Machine) text(w *writer) {
	w.printf("machine cpus=%d bpf=%t sysadmin=%t", m.CPUs, m.BPF, m.SysAdmin)
	if m.Memory > 0 {
		w.printf(" memory=%d", m.Memory)
	}
	if m.Linux != 0 {
		w.printf(" linux=%s", m.Linux)
	}
	for _, f := range m.Without {
		w.printf(" without=%s", f)
	}
	w.WriteByte('\n')
}

// String is the step's text, without the final newline.
func (s Step) String() string {
	w := new(writer)
	s.text(w)
	return strings.TrimSuffix(w.String(), "\n")
}

func (s Step) text(w *writer) {
	w.printf("cpu%d ", s.CPU)
	s.Action.text(w)
}

func (c *Call) text(w *writer) {
	w.printf("%s %s size=%d", c.Cmd, AddressText(c.Attr), c.Size)
	c.contentsText(w)
	for _, m := range c.Memory {
		w.printf(" %s=%s", AddressText(m.Addr), hex.EncodeToString(m.Bytes))
	}
	if c.As != 0 {
		w.printf(" -> %d", c.As)
	}
	w.WriteByte('\n')
	for _, n := range c.During {
		w.printf("  before=%d ", n.Before)
		n.Step.text(w)
	}
}

// contentsText writes attr by its fields, what lies between and behind them as +offset=hex, and its length where that
// is not size.
func (c *Call) contentsText(w *writer) {
	if len(c.Contents) == 0 {
		return
	}
	w.WriteString(" { ")
	rest := append([]byte(nil), c.Contents...)
	for _, f := range LayoutOf(c.Cmd).Fields {
		fieldText(w, f, rest)
	}
	for off, n := 0, 0; off < len(rest); off += n {
		if n = run(rest[off:]); rest[off] != 0 {
			w.printf("+%d=%s ", off, hex.EncodeToString(rest[off:off+n]))
		}
	}
	if len(c.Contents) != int(c.Size) {
		w.printf("bytes=%d ", len(c.Contents))
	}
	w.WriteByte('}')
}

// run is the length of the prefix of b that is all zero or all nonzero.
func run(b []byte) int {
	n := 1
	for n < len(b) && (b[n] == 0) == (b[0] == 0) {
		n++
	}
	return n
}

// fieldText writes a field when it is whole and not zero, and clears it in rest.
func fieldText(w *writer, f abi.Field, rest []byte) {
	if f.End() > len(rest) {
		return
	}
	b := rest[f.Offset:f.End()]
	if Zero(b) {
		return
	}
	w.printf("%s=%s ", f.Name, valueText(f.Kind, b))
	clear(b)
}

func valueText(kind abi.FieldKind, b []byte) string {
	switch kind {
	case abi.Name:
		return strconv.QuoteToASCII(strings.TrimRight(string(b), "\x00"))
	case abi.Pointer, abi.String:
		return AddressText(Word(b))
	case abi.FD:
		return strconv.Itoa(int(int32(Word(b))))
	case abi.Flags:
		return fmt.Sprintf("%#x", Word(b))
	}
	return strconv.FormatUint(Word(b), 10)
}

// AddressText writes an address in or next to the arena as its distance from Base.
func AddressText(addr uint64) string {
	if addr >= Base && addr < Base+ArenaSize+PageSize {
		return fmt.Sprintf("@%x", addr-Base)
	}
	return fmt.Sprintf("%#x", addr)
}

func (e Close) text(w *writer)   { w.printf("close fd=%d\n", e.FD) }
func (e Dup) text(w *writer)     { w.printf("dup fd=%d to=%d\n", e.FD, e.To) }
func (e Foreign) text(w *writer) { w.printf("foreign fd=%d\n", e.FD) }
func (e Open) text(w *writer)    { w.printf("open fd=%d what=%q\n", e.FD, e.What) }
func (e Mkdir) text(w *writer)   { w.printf("mkdir path=%s\n", strconv.QuoteToASCII(e.Path)) }
func (e Rmdir) text(w *writer)   { w.printf("rmdir path=%s\n", strconv.QuoteToASCII(e.Path)) }
func (e Unlink) text(w *writer)  { w.printf("unlink path=%s\n", strconv.QuoteToASCII(e.Path)) }
func (e Rename) text(w *writer) {
	w.printf("rename from=%s to=%s\n", strconv.QuoteToASCII(e.From), strconv.QuoteToASCII(e.To))
}
