package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

func header() Header {
	h := NewHeader()
	h.CPUs, h.Command, h.Caps = 2, []string{"agent", "--name", "x y"}, bpfsys.Root
	return h
}

// whole is a call that has something of everything.
func whole() *Call {
	return &Call{
		Process: 7, Thread: 8, At: 1500 * time.Millisecond, CPU: 1,
		Call: program.Call{Cmd: abi.MapUpdateElem, Attr: 0xc000012340, Size: 32, Contents: append([]byte{3, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 23)...),
			Memory: []program.Write{{Addr: 0x7ffe00, Bytes: []byte{1, 2}}}},
		Errno: abi.ENOTSUPP, Wrote: []program.Write{{Addr: 0x10, Bytes: []byte{9}}}, Faulted: []Fault{{0x1000, false}, {0x2000, true}},
		Told:     []Told{{"fd:3", "map:4:r"}, {"executable:/bin/x", `{"Path":"/bin/a b","Errno":0}`}, {"get", "errno99"}, {"none", ""}},
		Injected: bpfsys.Fault{Errno: abi.ENOMEM, After: 2, Delay: time.Millisecond}, Overlaps: true,
	}
}

func written(t *testing.T, calls ...*Call) string {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, header())
	require.NoError(t, err)
	for _, c := range calls {
		w.Call(c)
		w.Event(Event{Gone, "map:4:r"})
	}
	require.NoError(t, w.Close())
	return file.String()
}

// readAll reads what there is, up to an error.
func readAll(text string) (entries []any, cut string, err error) {
	r, err := NewReader(strings.NewReader(text))
	if err != nil {
		return nil, "", err
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, r.CutOff(), nil
		}
		if err != nil {
			return entries, "", err
		}
		entries = append(entries, e)
	}
}

func TestWrittenAndRead(t *testing.T) {
	text := written(t, whole(), &Call{Call: program.Call{Cmd: 77, Attr: 1 << 63, Size: 1}, Errno: 99})
	r, err := NewReader(strings.NewReader(text))
	require.NoError(t, err)
	require.Equal(t, header(), r.Header)
	entries, cut, err := readAll(text)
	require.NoError(t, err)
	require.Empty(t, cut)
	require.Len(t, entries, 4)
	require.Equal(t, whole(), entries[0])
	require.Equal(t, Event{Gone, "map:4:r"}, entries[1])
	require.Equal(t, abi.Errno(99), entries[2].(*Call).Errno)
}

// However a recording is cut off, the lines before are read, and it is said that it ends early.
func TestReadCutOff(t *testing.T) {
	text := written(t, whole(), whole())
	first := strings.Index(text, "\n") + 1
	for n := range len(text) {
		entries, cut, err := readAll(text[:n])
		if n < first {
			require.Error(t, err, n)
			continue
		}
		require.NoError(t, err, n)
		require.NotEmpty(t, cut, n)
		require.Len(t, entries, strings.Count(text[first:n], "\n"), n)
	}
}

// Zeros at its end, which a power failure leaves, end a recording.
func TestReadZeros(t *testing.T) {
	text := written(t, whole(), whole())
	end := strings.LastIndex(text[:len(text)-1], "\n") + 1
	entries, cut, err := readAll(text[:end+3] + strings.Repeat("\x00", 1<<20))
	require.NoError(t, err)
	require.Len(t, entries, 4)
	require.Contains(t, cut, "zeros")
}

// No byte of a recording can be changed, and no line left out or doubled, without an error.
func TestReadEdited(t *testing.T) {
	text := written(t, whole(), whole())
	for at := range len(text) - 1 {
		edited := []byte(text)
		edited[at] ^= 1
		_, _, err := readAll(string(edited))
		require.Error(t, err, "byte %d", at)
	}
	lines := strings.SplitAfter(text, "\n")
	for i := 1; i < len(lines)-2; i++ {
		_, _, err := readAll(strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), ""))
		require.ErrorContains(t, err, "edited", "line %d left out", i+1)
		_, _, err = readAll(strings.Join(append(append([]string{}, lines[:i+1]...), lines[i:]...), ""))
		require.ErrorContains(t, err, "edited", "line %d twice", i+1)
	}
	_, _, err := readAll(text + "x")
	require.ErrorContains(t, err, "edited")
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "file")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	good := written(t)
	other := strings.Replace(good, `"order":"`+byteOrder(), `"order":"middle`, 1)
	for path, want := range map[string]string{filepath.Join(dir, "none"): "no such file", dir: "regular file"} {
		_, _, err := Open(path)
		require.ErrorContains(t, err, want)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":                {"", "empty"},
		"something else":       {"machine cpus=1\n", "no recording"},
		"a newer one":          {sealed(strings.Replace(good, magic+" 1", magic+" 2", 1)), "newer bpfsim"},
		"another architecture": {sealed(other), "middle-endian"},
		"no CPUs":              {sealed(strings.Replace(good, `"cpus":2`, `"cpus":0`, 1)), "CPUs"},
		"no header":            {sealed(magic + " 1 x #00000000\n"), "header"},
		"a long first line":    {magic + strings.Repeat(" ", longestHeader+1), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Open(file(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

// sealed gives a changed text seals that fit.
func sealed(text string) string {
	var out strings.Builder
	var sum seal
	for line := range strings.Lines(text) {
		body, _, _ := open(strings.TrimSuffix(line, "\n"))
		sum = sum.next(body)
		out.WriteString(sum.close(body))
	}
	return out.String()
}

// fullDisk has room for so many bytes.
type fullDisk struct {
	bytes.Buffer
	room int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

// When a disk is full it is said once, and what was written before can be read.
func TestWriterFullDisk(t *testing.T) {
	disk := &fullDisk{room: 2000}
	w, err := NewWriter(disk, header())
	require.NoError(t, err)
	failed := 0
	w.Failed = func(error) { failed++ }
	for range 20 {
		w.Call(whole())
	}
	require.ErrorContains(t, w.Close(), "no space left")
	require.Equal(t, 1, failed)
	entries, cut, err := readAll(disk.String())
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	require.NotEmpty(t, cut)
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{
		"x", "1/2", "1/2 3s cpu0 BPF_MAP_FREEZE", "1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4", "1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 =",
		"1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = EWHAT", "1/2 3s cpu0 close fd=4 = 0", "1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0 more",
		"1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0 wrote x", "1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0 told x",
		"1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0 injected", "x/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0", "1/x 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0",
		"1/2 3 cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0", "gone", "gone a b", "end", "end calls=1", "end calls=x", `"`, "1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 = 0 faulted read=z",
	} {
		h, err := header().line()
		require.NoError(t, err)
		_, _, err = readAll(sealed(h + " #00000000\n" + line + " #00000000\n"))
		require.Error(t, err, line)
	}
}

// FuzzRead reads anything without a panic; what it takes, written again, is the same.
func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	w, _ := NewWriter(&file, header())
	w.Call(whole())
	_ = w.Close()
	f.Add(file.String(), false)
	f.Add("1/2 3s cpu0 BPF_MAP_FREEZE 0x0 size=4 { map_fd=3 } = 0", true)
	f.Fuzz(func(t *testing.T, text string, lines bool) {
		if lines { // which are sealed, or next to nothing would be read
			h, _ := header().line()
			var all strings.Builder
			for line := range strings.Lines(h + "\n" + text) {
				fmt.Fprintf(&all, "%s #00000000\n", strings.TrimSuffix(line, "\n"))
			}
			text = sealed(all.String())
		}
		entries, _, _ := readAll(text)
		for _, e := range entries {
			if c, ok := e.(*Call); ok {
				words, err := program.Words(c.String())
				require.NoError(t, err)
				again, err := parseCall(words)
				require.NoError(t, err, c.String())
				require.Equal(t, c.String(), again.String())
			}
		}
	})
}

// A recording that says it has more calls than it has is refused, as one that says it has fewer.
func TestReadWrongCount(t *testing.T) {
	for _, more := range []int{-1, 1} {
		var file bytes.Buffer
		w, err := NewWriter(&file, header())
		require.NoError(t, err)
		w.Call(whole())
		w.calls += more
		require.NoError(t, w.Close())
		_, _, err = readAll(file.String())
		require.ErrorContains(t, err, "it was edited")
	}
}
