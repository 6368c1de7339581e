package replay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// Mask writes a recording without what is personal to a file: keys and values, the names of maps and programs, paths and the command line are
// replaced, the same by the same, and bpfsim answers the calls anew, since the order of a hash is another for other keys. Instructions, BTF and
// numbers stay.
func Mask(ctx context.Context, r *recording.Reader, side *Bpfsim, path string) error {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // it never fails
	m := &masking{masker: newMasker(secret), shapes: map[string]shape{}, names: map[string]bool{}, cpus: r.Header.CPUs}
	h := m.header(r.Header)
	if err := side.Start(h); err != nil {
		return err
	}
	w, err := recording.Create(path, h)
	if err != nil {
		return err
	}
	return errors.Join(m.all(ctx, r, side, w), w.Close())
}

// masking masks one recording.
type masking struct {
	*masker
	shapes map[string]shape
	cpus   int
	names  map[string]bool // of objects, as they were
	done   []place         // pieces of the call's memory that are masked
}

func (m *masking) header(h recording.Header) recording.Header {
	h.Masked, h.BPFFS = true, m.text(h.BPFFS)
	h.Command = slices.Clone(h.Command)
	for i := range h.Command {
		h.Command[i] = m.text(h.Command[i])
	}
	if h.UID != 0 {
		h.UID = someUser
	}
	return h
}

// someUser is whom all ordinary users become.
const someUser = 1000

func (m *masking) all(ctx context.Context, r *recording.Reader, side *Bpfsim, w *recording.Writer) error {
	for ctx.Err() == nil {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := entry.(type) {
		case recording.Event:
			e = m.event(e)
			side.Event(e)
			w.Event(e)
		case *recording.Call:
			m.call(e)
			a, _ := side.Call(e)
			e.Ret, e.Errno, e.Wrote = a.Ret, a.Errno, a.Wrote
			w.Call(e)
		}
	}
	return ctx.Err()
}

// event masks what a program stored or did.
func (m *masking) event(e recording.Event) recording.Event {
	if s, err := recording.ParseStore(e); err == nil {
		m.bytes(s.Value)
		return s.Event()
	}
	if h, err := recording.ParseHelp(e); err == nil {
		m.help(h)
		return h.Event()
	}
	return e
}

// help masks what a program did to a map.
func (m *masking) help(h recording.Help) {
	sh := m.shapes[h.Map]
	m.key(sh)(h.Key)
	m.value(sh)(h.Value)
}

// call masks what a call reads and what bpfsim is told.
func (m *masking) call(c *recording.Call) {
	m.done = m.done[:0]
	attr := wholeAttr(c)
	m.note(c, attr)
	m.elements(c, attr)
	for _, f := range abi.Fields(c.Cmd) {
		switch {
		case f.Kind == abi.Name: // which an attr may end in
			m.name(c.Contents[min(f.Offset, len(c.Contents)):min(f.End(), len(c.Contents))])
		case f.Name == "pathname":
			m.stringAt(c, attr.Field(f.Offset, f.Size))
		}
	}
	switch c.Cmd {
	case abi.ProgTestRun:
		m.packet(c, attr)
	case abi.ProgLoad:
		m.license(c, attr)
	case abi.ObjGetInfoByFD:
		m.info(c, attr)
	}
	for i, t := range c.Told {
		m.told(c, i, t)
	}
}

// wholeAttr is a call's attr as the kernel takes it: what it does not have is 0.
func wholeAttr(c *recording.Call) program.Attr {
	return program.Attr{Bytes: append(slices.Clip(c.Contents), make([]byte, abi.AttrSize)...)}
}

// note keeps the shape of a map that was made.
func (m *masking) note(c *recording.Call, attr program.Attr) {
	_, name, ok := strings.Cut(firstAnswer(c, "new"), ",")
	if ok && c.Cmd == abi.MapCreate {
		m.shapes[objectName(name)] = shape{typ: abi.MapType(attr.Field(abi.CreateMapType, 4)), key: int(attr.Field(abi.CreateKeySize, 4)),
			value: int(attr.Field(abi.CreateValueSize, 4))}
	}
}

func firstAnswer(c *recording.Call, question string) string {
	answer, _ := answerTo(c, question)
	return answer
}

// inPlace masks a string up to its NUL.
func (m *masking) inPlace(b []byte) {
	text, _, _ := bytes.Cut(b, []byte{0})
	copy(b, m.text(string(text)))
}

// name masks the name of an object. What lies behind its end nobody looks at.
func (m *masking) name(b []byte) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		clear(b[end:])
	}
	if len(b) > 0 {
		m.names[string(bytes.TrimRight(b, "\x00"))] = true
	}
	m.inPlace(b)
}

// stringAt masks a string in memory.
func (m *masking) stringAt(c *recording.Call, addr uint64) {
	if b := inputAt(c, addr); b != nil {
		m.inPlace(b)
	}
}

// elements masks the keys and values that a call reads.
func (m *masking) elements(c *recording.Call, attr program.Attr) {
	f, ok := abi.FieldOf(c.Cmd, "map_fd")
	if !ok {
		return
	}
	sh := m.shapes[objectName(firstAnswer(c, recording.Question("fd", int32(attr.Field(f.Offset, 4)))))]
	count := 1
	if n, ok := abi.FieldOf(c.Cmd, "count"); ok {
		count = int(min(attr.Field(n.Offset, 4), mostMasked))
	}
	part := (sh.value + 7) &^ 7
	for _, f := range abi.Fields(c.Cmd) {
		at := attr.Field(f.Offset, f.Size)
		switch {
		case !f.Kind.Address() || at == 0:
		case f.Name == "key", f.Name == "prev_key", f.Name == "keys":
			m.many(c, at, sh.key, sh.key, count, m.key(sh))
		case f.Name == "in_batch" && !seeded(sh.typ): // else it is the number of a bucket
			m.many(c, at, sh.key, sh.key, 1, m.key(sh))
		case (f.Name == "value" || f.Name == "values") && program.ValueBytes(sh.typ, sh.value, 1) != sh.value,
			(f.Name == "value" || f.Name == "values") && program.ValueBytes(sh.typ, sh.value, m.cpus) != sh.value:
			m.many(c, at, part, sh.value, count*m.cpus, m.value(sh))
		case f.Name == "value", f.Name == "values":
			m.many(c, at, sh.value, sh.value, count, m.value(sh))
		}
	}
}

// mostMasked bounds the elements of a batch that are looked for; memory ends long before.
const mostMasked = 1 << 24

func outer(t abi.MapType) bool { return t == abi.ArrayOfMaps || t == abi.HashOfMaps }

// stays leaves bytes as they are: an index, an fd, a number of a device.
func stays([]byte) {}

// value masks values of a map.
func (m *masking) value(sh shape) func([]byte) {
	switch sh.typ {
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage, abi.CgroupStorage, abi.PerCPUCgroupStorage: // their keys refer
		return m.bytes
	}
	if refers(sh.typ) || outer(sh.typ) {
		return stays
	}
	return m.bytes
}

// key masks keys of a map.
func (m *masking) key(sh shape) func([]byte) {
	switch sh.typ {
	case abi.Array, abi.PerCPUArray, abi.ArrayOfMaps: // an index
		return stays
	case abi.SockHash: // addresses, as a rule
		return m.bytes
	case abi.LPMTrie:
		return func(p []byte) {
			if len(p) > 4 {
				m.prefix(p[4:])
			}
		}
	}
	if refers(sh.typ) {
		return stays
	}
	return m.bytes
}

// many masks size bytes of each of the pieces that lie at a stride from addr on, as far as they were read, but nothing twice.
func (m *masking) many(c *recording.Call, addr uint64, stride, size, count int, mask func([]byte)) {
	if size == 0 {
		return
	}
	n := 0
	for ; n < count; n++ {
		from := addr + uint64(n*stride)
		b := inputAt(c, from)
		if b == nil {
			break
		}
		b = b[:min(size, len(b))]
		parts := m.notDone(from, len(b))
		if len(parts) == 1 && parts[0] == [2]int{0, len(b)} {
			mask(b)
			continue
		}
		for _, part := range parts { // what is key and value, too, is masked as a key
			m.bytes(b[part[0]:part[1]])
		}
	}
	if n > 0 {
		m.done = append(m.done, place{from: addr, size: stride * n})
	}
}

// notDone are the parts of size bytes at addr that are not masked yet.
func (m *masking) notDone(addr uint64, size int) (parts [][2]int) {
	from := 0
	for from < size {
		at, end := addr+uint64(from), size
		inside := slices.IndexFunc(m.done, func(p place) bool { return p.from <= at && at < p.end() })
		if inside >= 0 {
			from += int(min(m.done[inside].end()-at, uint64(size-from)))
			continue
		}
		for _, p := range m.done {
			if p.from > at && p.from-addr < uint64(end) {
				end = int(p.from - addr)
			}
		}
		parts = append(parts, [2]int{from, end})
		from = end
	}
	return parts
}

// inputAt is what a call read from an address on, in place.
func inputAt(c *recording.Call, addr uint64) []byte {
	for _, w := range c.Memory {
		if off := addr - w.Addr; addr >= w.Addr && off < uint64(len(w.Bytes)) {
			return w.Bytes[off:]
		}
	}
	return nil
}

// packet masks what a program is run on.
func (m *masking) packet(c *recording.Call, attr program.Attr) {
	for _, names := range [][2]string{{"data_in", "data_size_in"}, {"ctx_in", "ctx_size_in"}} {
		at, ok := abi.FieldOf(c.Cmd, names[0])
		size, known := abi.FieldOf(c.Cmd, names[1])
		if ok && known {
			n := int(attr.Field(size.Offset, size.Size))
			m.many(c, attr.Field(at.Offset, at.Size), n, n, 1, m.bytes)
		}
	}
}

// told masks what bpfsim was told that is the user's: paths of programs, and addresses of sockets.
func (m *masking) told(c *recording.Call, i int, t recording.Told) {
	if strings.HasPrefix(t.Question, "socket:") {
		c.Told[i].Answer = m.groupIn(t.Answer)
	}
	if t.Question == "run" {
		c.Told[i].Answer = m.ranIn(t.Answer)
	}
	path, ok := strings.CutPrefix(t.Question, "executable:")
	if !ok {
		return
	}
	if b := pathOf(c, t.Question); b != nil {
		real, _, _ := bytes.Cut(b, []byte{0})
		path = string(real)
		m.inPlace(b)
	}
	c.Told[i].Question = recording.Question("executable", m.text(path))
	c.Told[i].Answer = m.pathIn(t.Answer)
}

// pathIn masks the path in an answer about a file.
func (m *masking) pathIn(answer string) string {
	var e recording.Executable
	if json.Unmarshal([]byte(answer), &e) != nil {
		return answer
	}
	e.Path = m.text(e.Path)
	text, _ := json.Marshal(e) // plain data
	return string(text)
}

// ranIn masks what a program has left of a context and a packet.
func (m *masking) ranIn(answer string) string {
	var r recording.Ran
	if json.Unmarshal([]byte(answer), &r) != nil {
		return answer
	}
	m.bytes(r.Context)
	m.bytes(r.Data)
	text, _ := json.Marshal(r) // plain data
	return string(text)
}

// groupIn masks the address in an answer about a socket.
func (m *masking) groupIn(answer string) string {
	var s recording.Socket
	if json.Unmarshal([]byte(answer), &s) != nil {
		return answer
	}
	s.Group = m.text(s.Group)
	text, _ := json.Marshal(s) // plain data
	return string(text)
}
