package bpftest

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// teller puts calls into words.
type teller struct {
	host *host
	show func(name string, key, value []byte) string
}

// most is how many elements of a batch are told.
const most = 8

// begin is bpfsys.Options.Watch.
func (t teller) begin(c bpfsys.Call) func(bpfsys.Outcome) {
	before := t.read(c)
	key := before.at(abi.ElemKey) // GET_NEXT_KEY may write where it reads
	var first []byte
	if key != 0 && single(c.Cmd) {
		first = make([]byte, maxKey)
		first = first[:c.Process.Mem.Read(first, key)]
	}
	return func(o bpfsys.Outcome) {
		if s := stepping.Load(); s != nil && !private(c.Cmd) {
			s.run.Told(t.tell(c, o, first))
		}
	}
}

// maxKey and maxValue are as many bytes as are told.
const maxKey, maxValue = 64, 4096

// attr is the attr of a call.
type attr []byte

func (t teller) read(c bpfsys.Call) attr {
	a := make(attr, abi.AttrSize)
	c.Process.Mem.Read(a[:min(len(a), int(c.Size))], c.Attr)
	return a
}

func (a attr) at(offset int) uint64   { return binary.LittleEndian.Uint64(a[offset:]) }
func (a attr) word(offset int) uint32 { return binary.LittleEndian.Uint32(a[offset:]) }

// single are the commands on one element.
func single(cmd abi.Cmd) bool {
	switch cmd {
	case abi.MapLookupElem, abi.MapUpdateElem, abi.MapDeleteElem, abi.MapLookupAndDeleteElem, abi.MapGetNextKey:
		return true
	}
	return false
}

func batch(cmd abi.Cmd) bool {
	switch cmd {
	case abi.MapLookupBatch, abi.MapLookupAndDeleteBatch, abi.MapUpdateBatch, abi.MapDeleteBatch:
		return true
	}
	return false
}

// tell is a call in words. key is what its key was.
func (t teller) tell(c bpfsys.Call, o bpfsys.Outcome, key []byte) string {
	text := strings.TrimSpace(word(c.Cmd) + " " + o.Name)
	found, problem := t.host.booted.Load().find(o.Name)
	if problem == "" && single(c.Cmd) {
		text += t.element(c, o, key, found)
	}
	if problem == "" && batch(c.Cmd) {
		return text + t.elements(c, o, found)
	}
	if o.Errno != abi.OK {
		text += ": " + o.Errno.String()
	}
	return text
}

func (t teller) element(c bpfsys.Call, o bpfsys.Outcome, key []byte, m *bpfsys.Map) string {
	a := t.read(c)
	key = key[:min(len(key), int(m.Spec().KeySize))]
	if c.Cmd == abi.MapGetNextKey {
		from := " from the start"
		if a.at(abi.ElemKey) != 0 {
			from = " behind " + t.pair(m.Name(), key, nil)
		}
		if o.Errno != abi.OK {
			return from
		}
		return from + " -> " + t.pair(m.Name(), t.bytes(c, a.at(abi.ElemValue), int(m.Spec().KeySize)), nil)
	}
	var value []byte
	if c.Cmd != abi.MapDeleteElem && (o.Errno == abi.OK || c.Cmd == abi.MapUpdateElem) {
		value = t.bytes(c, a.at(abi.ElemValue), int(m.Spec().ValueSize))
	}
	return " " + t.pair(m.Name(), key, value)
}

// elements are those of a batch.
func (t teller) elements(c bpfsys.Call, o bpfsys.Outcome, m *bpfsys.Map) string {
	a := t.read(c)
	n := int(a.word(abi.BatchCount))
	keySize, valueSize := int(m.Spec().KeySize), int(m.Spec().ValueSize)
	var all []string
	for i := range min(n, most) {
		var value []byte
		if c.Cmd != abi.MapDeleteBatch {
			value = t.bytes(c, a.at(abi.BatchValues)+uint64(i*valueSize), valueSize)
		}
		all = append(all, t.pair(m.Name(), t.bytes(c, a.at(abi.BatchKeys)+uint64(i*keySize), keySize), value))
	}
	if n > most {
		all = append(all, fmt.Sprintf("%d more", n-most))
	}
	text := " nothing"
	if n > 0 {
		text = " " + strings.Join(all, ", ")
	}
	reads := c.Cmd == abi.MapLookupBatch || c.Cmd == abi.MapLookupAndDeleteBatch
	switch {
	case reads && o.Errno == abi.ENOENT:
		text += ", the end"
	case o.Errno != abi.OK:
		text += ": " + o.Errno.String()
	}
	return text
}

func (t teller) bytes(c bpfsys.Call, at uint64, size int) []byte {
	p := make([]byte, min(size, maxValue))
	c.Process.Mem.Read(p, at)
	return p
}

// helped is what a program did, in words.
func (t teller) helped(q request, a reply) string {
	text := words[q.Op] + " " + q.Map
	if q.Op == opLookup || q.Op == opPop || q.Op == opGet || q.Op == opPeek && a.Errno == abi.OK {
		q.Value = a.Value
	}
	switch q.Op {
	case opOutput, opSubmit:
		text += " " + t.record(q.Map, q.Value)
	case opDiscard:
	default:
		if a.Errno != abi.OK && q.Op == opLookup {
			q.Value = nil
		}
		text += " " + t.pair(q.Map, q.Key, q.Value)
	}
	if a.Errno != abi.OK {
		text += ": " + a.Errno.String()
	}
	return strings.TrimRight(text, " ")
}

// record is one of a ring or perf buffer.
func (t teller) record(name string, value []byte) string {
	if t.show == nil && len(value)%8 != 0 || len(value) > 32 {
		return fmt.Sprintf("%d bytes", len(value))
	}
	return t.pair(name, nil, value)
}

// pair is an element, which may lack a key (queues) or a value.
func (t teller) pair(name string, key, value []byte) string {
	if t.show != nil {
		if text := t.show(name, key, value); text != "" {
			return text
		}
	}
	switch {
	case value == nil && key == nil:
		return ""
	case value == nil:
		return number(key)
	case key == nil:
		return number(value)
	}
	return number(key) + " = " + number(value)
}

// number makes a number of what has the size of one, or several of what has the size of several.
func number(p []byte) string {
	switch {
	case len(p) == 1:
		return fmt.Sprint(p[0])
	case len(p) == 2:
		return fmt.Sprint(binary.NativeEndian.Uint16(p))
	case len(p) == 4:
		return fmt.Sprint(binary.NativeEndian.Uint32(p))
	case len(p) > 0 && len(p)%8 == 0 && len(p) <= 32:
		var words []string
		for ; len(p) > 0; p = p[8:] {
			words = append(words, fmt.Sprint(binary.NativeEndian.Uint64(p)))
		}
		return strings.Join(words, " ")
	}
	return fmt.Sprintf("%x", p[:min(len(p), 16)])
}
