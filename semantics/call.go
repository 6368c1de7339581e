package semantics

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Call is a step whose names have got their meaning.
type Call struct {
	Step  Step
	Cmd   abi.Cmd
	Shape Shape // of the map
	// Data is what is in memory behind the fields that point to some, and Numbers the fields that are numbers.
	Data    map[string][]byte
	Numbers map[string]uint64
	// Raw calls have something in attr, or an address, that can be said in bytes only.
	Raw bool

	bytes   *program.Call // nil for an event
	event   program.Event
	cpu     int
	outputs []output
}

// Where in user memory things lie, from program.Base on.
const (
	attrAt   = 0
	keyAt    = 0x200
	nextAt   = 0x400
	keysAt   = 0x600
	inAt     = 0xc00
	outAt    = 0xd00
	lenAt    = 0xe00
	valueAt  = program.PageSize
	valuesAt = program.WritablePage * program.PageSize
)

// places are where the memory of each field lies, and how much there is.
var places = map[string]struct{ at, room int }{
	"key": {keyAt, nextAt - keyAt}, "prev_key": {keyAt, nextAt - keyAt}, "pathname": {keyAt, nextAt - keyAt}, "next_key": {nextAt, keysAt - nextAt},
	"keys": {keysAt, inAt - keysAt}, "in_batch": {inAt, outAt - inAt}, "out_batch": {outAt, lenAt - outAt}, "buf_len": {lenAt, 0x100},
	"excl_prog_hash": {keyAt, 0x100},
	"value":          {valueAt, program.PageSize}, "buf": {valueAt, program.PageSize}, "info": {valueAt, program.PageSize},
	"values": {valuesAt, program.PageSize},
}

// canary fills what a call may write. It looks like no key and no value of a statement.
const canary = 0xee

// resolve gives a step its meaning.
func (s *scope) resolve(step Step) (*Call, error) {
	c := &Call{Step: step, Data: map[string][]byte{}, Numbers: map[string]uint64{}}
	err := s.fill(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", step, err)
	}
	return c, nil
}

func (s *scope) fill(c *Call) (err error) {
	v := verbs[c.Step.Verb]
	c.Cmd = v.cmd
	if c.Shape, err = s.shape(c.Step); err != nil {
		return err
	}
	if v.event {
		c.event, err = s.happening(c.Step)
		return err
	}
	c.bytes = &program.Call{Cmd: v.cmd, Attr: program.Base + attrAt, Size: uint32(abi.FieldsEnd(v.cmd)), Contents: make([]byte, 2*program.PageSize)}
	if v.names {
		c.bytes.As = s.open(c.Step.Name)
	}
	if v.file != "" {
		c.Step = s.named(c.Step, v.file)
	}
	if v.cmd == abi.BTFLoad {
		c.loadTypes()
	}
	for _, t := range c.defaults() {
		if err := s.set(c, t); err != nil {
			return err
		}
	}
	for _, t := range c.Step.Settings {
		if err := s.set(c, t); err != nil {
			return err
		}
	}
	for _, field := range v.own {
		c.ownMemory(field)
	}
	c.bytes.Contents = c.bytes.Contents[:min(int(c.bytes.Size), len(c.bytes.Contents))]
	c.findOutputs()
	return nil
}

// loadTypes has the call load [types].
func (c *Call) loadTypes() {
	data, size := types(), program.Attr{Bytes: c.bytes.Contents}
	size.Set(abi.BTFLoadData, 8, program.Base+keysAt)
	size.Set(abi.BTFLoadSize, 4, uint64(len(data)))
	c.bytes.Memory = append(c.bytes.Memory, program.Write{Addr: program.Base + keysAt, Bytes: data})
	c.Raw = true // it takes memory to be told of types
}

// named puts the fd of the step's name into its field, unless that is given.
func (s *scope) named(step Step, field string) Step {
	if _, given := step.get(field); given {
		return step
	}
	return step.with(Setting{field, step.Name})
}

// defaults are the fields of a map that is made.
func (c *Call) defaults() []Setting {
	switch c.Step.Verb {
	case "create":
		decimal := func(n uint64) string { return strconv.FormatUint(n, 10) }
		return []Setting{
			{"key_size", decimal(uint64(c.Shape.KeySize))}, {"value_size", decimal(uint64(c.Shape.ValueSize))},
			{"max_entries", decimal(uint64(c.Shape.MaxEntries))}, {"map_flags", decimal(c.Shape.Flags)},
		}
	case "update_batch", "delete_batch":
		keys, _ := c.Step.get("keys")
		return []Setting{{"count", strconv.Itoa(len(strings.Split(keys, ",")))}}
	}
	return nil
}

// set does what a setting says.
func (s *scope) set(c *Call, t Setting) error {
	f, known := abi.FieldOf(c.Cmd, t.Field)
	switch {
	case !known:
		c.Raw = c.Raw || t.Field != cpuWord
		return c.word(t)
	case f.Kind == abi.FD:
		fd, err := s.fd(t.Text)
		c.Raw = c.Raw || t.Text == "closed"
		c.put(f, uint64(uint32(fd)))
		return err
	case f.Kind.Address():
		return s.address(c, f, t.Text)
	case f.Kind == abi.Name:
		copy(c.bytes.Contents[f.Offset:f.End()], t.Text)
		return nil
	}
	n, err := s.number(t.Field, t.Text)
	c.Numbers[t.Field] = n
	c.put(f, n)
	return err
}

func (c *Call) put(f abi.Field, n uint64) { program.PutWord(c.bytes.Contents[f.Offset:f.End()], n) }

// word does what a word about attr says.
func (c *Call) word(t Setting) error {
	n, err := strconv.ParseUint(t.Text, 0, 32)
	if err != nil && t.Field != attrWord {
		return fmt.Errorf("%s=%s is no number", t.Field, t.Text)
	}
	switch t.Field {
	case sizeWord:
		c.bytes.Size = uint32(n)
	case tailWord:
		c.bytes.Contents[n] = 1
		c.bytes.Size = max(c.bytes.Size, uint32(n)+1)
	case cmdWord:
		c.bytes.Cmd = abi.Cmd(n)
	case cpuWord:
		c.cpu = int(n)
	case attrWord:
		addr, special := specialAddress(t.Text)
		if !special {
			return fmt.Errorf("attr=%s: want -, bad or edge:N", t.Text)
		}
		c.bytes.Attr = addr
	}
	return nil
}

// gap is where memory faults.
const gap = program.Base + program.GapPage*program.PageSize

// specialAddress is what the words for addresses that are not good mean.
func specialAddress(text string) (addr uint64, special bool) {
	switch {
	case text == "-":
		return 0, true
	case text == "bad":
		return gap, true
	case text == "readonly":
		return program.Base + program.ReadOnlyPage*program.PageSize, true
	case strings.HasPrefix(text, "edge:"):
		n, err := strconv.ParseUint(text[len("edge:"):], 10, 12)
		return gap - n, err == nil
	}
	return 0, false
}

// cursors are the fields whose memory a walk goes on from, by the field that is the cursor.
var cursors = map[string]string{"key": "next_key", "in_batch": "out_batch", "prev_key": "prev_key"}

// GoesOn reports whether a cursor is what the call before left in the memory for the next one.
func (c *Call) GoesOn(cursor string) bool {
	text, _ := c.Step.get(cursor)
	return text == "@"+cursors[cursor]
}

// address sets a field that points to memory, and what is there.
func (s *scope) address(c *Call, f abi.Field, text string) error {
	if other, same := strings.CutPrefix(text, "@"); same {
		c.put(f, program.Base+uint64(places[other].at))
		c.Data[f.Name] = nil
		c.Raw = c.Raw || cursors[f.Name] != other
		return nil
	}
	if addr, special := specialAddress(text); special {
		c.put(f, addr)
		c.Raw = c.Raw || text != "-"
		return nil
	}
	text, atEnd := strings.CutPrefix(text, "end:")
	data, err := s.data(c, f.Name, text)
	if err != nil {
		return err
	}
	place := places[f.Name]
	if len(data) > place.room {
		return fmt.Errorf("%s=%s has %d bytes, of which there are %d", f.Name, text, len(data), place.room)
	}
	addr := program.Base + uint64(place.at)
	if atEnd {
		addr, c.Raw = gap-uint64(len(data)), true
	}
	c.Data[f.Name] = data
	c.put(f, addr)
	c.bytes.Memory = append(c.bytes.Memory, program.Write{Addr: addr, Bytes: data})
	return nil
}

// data is what a field points to.
func (s *scope) data(c *Call, field, text string) ([]byte, error) {
	switch field {
	case "key", "prev_key", "next_key":
		return s.key(c.Shape, text)
	case "value":
		return s.value(c.Shape, text)
	case "keys":
		return joined(text, c.Shape.key)
	case "values":
		return joined(text, func(part string) ([]byte, error) { return s.value(c.Shape, part) })
	case "buf_len":
		return number(text, 4)
	case "in_batch", "out_batch":
		return number(text, max(4, c.Shape.KeySize))
	case "pathname":
		return append([]byte(text), 0), nil
	case "excl_prog_hash":
		return make([]byte, 32), nil
	case "info":
		n, err := strconv.Atoi(strings.TrimPrefix(text, "zeros:"))
		return bytesOf(0, n), err
	}
	return nil, fmt.Errorf("%s=%s: nothing to point to", field, text)
}

// key is a key, which names an fd in a storage map.
func (s *scope) key(shape Shape, text string) ([]byte, error) {
	if strings.Contains(text, ":") {
		n, err := s.number("key", text)
		return binary.LittleEndian.AppendUint32(nil, uint32(n)), err
	}
	return shape.key(text)
}

// value is a value, which names a map in a map of maps.
func (s *scope) value(shape Shape, text string) ([]byte, error) {
	if strings.Contains(text, ":") {
		n, err := s.number("value", text)
		return binary.LittleEndian.AppendUint32(nil, uint32(n)), err
	}
	return shape.value(text)
}

// joined is what a list means.
func joined(list string, one func(string) ([]byte, error)) (all []byte, err error) {
	for part := range strings.SplitSeq(list, ",") {
		b, err := one(part)
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}

func bytesOf(value byte, n int) []byte { return slices.Repeat([]byte{value}, max(n, 0)) }

// happening is the event of a step that makes no call.
func (s *scope) happening(step Step) (program.Event, error) {
	fd, err := s.fd(step.Name)
	switch step.Verb {
	case "close":
		return program.Close{FD: fd}, err
	case "dup":
		of, _ := step.get("of")
		from, err := s.fd(of)
		return program.Dup{FD: from, To: s.open(step.Name)}, err
	case "foreign":
		return program.Foreign{FD: s.open(step.Name)}, nil
	case "open":
		what, _ := step.get("what")
		return program.Open{FD: s.open(step.Name), What: what}, nil
	case "mkdir":
		return program.Mkdir{Path: step.Name}, nil
	}
	return program.Unlink{Path: step.Name}, nil
}
