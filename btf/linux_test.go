package btf_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
)

// linux is the running kernel with memory for one BPF_BTF_LOAD.
type linux struct {
	*kernel.Raw
	attrAt, dataAt, logAt uint64
	attr, data, log       []byte
}

func openLinux(t testing.TB) *linux {
	t.Helper()
	kerneltest.Need(t, kernel.Available())
	raw, err := kernel.OpenRaw(btf.MaxSize + 1<<22)
	require.NoError(t, err)
	t.Cleanup(raw.Close)
	l := &linux{Raw: raw}
	l.attrAt, l.attr = raw.Alloc(abi.AttrSize)
	l.logAt, l.log = raw.Alloc(1 << 20)
	l.dataAt, l.data = raw.Alloc(btf.MaxSize + 1)
	return l
}

// answer is what there is to see of BPF_BTF_LOAD.
type answer struct {
	errno abi.Errno
	size  uint32
	text  string
}

// String is the answer with the end of its text.
func (a answer) String() string {
	text := strings.TrimRight(a.text, "\x00")
	return fmt.Sprintf("%v %d ...%q", a.errno, a.size, text[max(0, len(text)-200):])
}

func (l *linux) load(data []byte, level, room uint32) answer {
	copy(l.data, data)
	clear(l.attr)
	clear(l.log[:room])
	binary.LittleEndian.PutUint64(l.attr, l.dataAt)
	if room > 0 {
		binary.LittleEndian.PutUint64(l.attr[8:], l.logAt)
	}
	binary.LittleEndian.PutUint32(l.attr[16:], uint32(len(data)))
	binary.LittleEndian.PutUint32(l.attr[20:], room)
	binary.LittleEndian.PutUint32(l.attr[24:], level)
	fd, errno := l.Bpf(abi.BTFLoad, l.attrAt, abi.AttrSize)
	if errno == abi.OK {
		l.CloseFD(fd)
	}
	return answer{errno, binary.LittleEndian.Uint32(l.attr[28:]), string(l.log[:room])}
}

func simulated(data []byte, level, room uint32) answer {
	log, ok := btf.NewLog(level, room > 0, room)
	if !ok {
		return answer{errno: abi.EINVAL, text: string(make([]byte, room))}
	}
	_, errno := btf.Load(data, log)
	if log.Truncated() {
		errno = abi.ENOSPC
	}
	text := make([]byte, room)
	copy(text, log.Text())
	return answer{errno, log.TrueSize(), string(text)}
}

// compare loads data on both with a log that is long enough, or one of the odd ones.
func (l *linux) compare(t *testing.T, r *rand.Rand, data []byte) abi.Errno {
	level, room := uint32(1), uint32(1<<14)
	switch r.IntN(16) {
	case 0:
		level, room = r.Uint32N(18), r.Uint32N(400)
	case 1:
		level, room = 0, 0
	}
	want := l.load(data, level, room)
	got := simulated(data, level, room)
	if want != got {
		require.Failf(t, "another answer", "level %d, room %d, BTF %x\nLinux  %s\nbpfsim %s", level, room, data, want, got)
	}
	return want.errno
}

// mutate changes a copy of valid BTF: bytes, words to numbers that may be types or sizes, or the length.
func mutate(r *rand.Rand, data []byte) []byte {
	data = append([]byte(nil), data...)
	for range 1 + r.IntN(3) {
		switch at := r.IntN(len(data)); r.IntN(6) {
		case 0:
			data[at] = byte(r.Uint32())
		case 1:
			data[at] ^= 1 << r.IntN(8)
		case 2:
			binary.LittleEndian.PutUint32(data[min(at&^3, len(data)-4):], r.Uint32N(40))
		case 3, 4:
			if words := (len(data) - 24) / 4; words > 0 {
				binary.LittleEndian.PutUint32(data[24+4*r.IntN(words):], r.Uint32N(24))
			}
		case 5:
			if r.IntN(8) == 0 && at > 8 {
				return data[:at]
			}
			data[at]++
		}
	}
	return data
}

// Every byte of valid BTF is given every value; then more is changed at once.
func TestLoadComparedWithLinux(t *testing.T) {
	l := openLinux(t)
	r := rand.New(rand.NewPCG(1, 1))
	errnos := map[abi.Errno]int{}
	all := samples()
	names := sampleNames()
	for _, name := range names {
		data := all[name]
		t.Run(name, func(t *testing.T) {
			require.Equal(t, l.load(data, 1, 1<<14), simulated(data, 1, 1<<14), "as it is")
			for at := range data {
				for _, v := range []byte{0, 1, 2, 3, 8, 13, 0x7f, 0x80, 0xff, data[at] + 1, data[at] - 1, data[at] ^ 0x80, byte(r.Uint32())} {
					changed := append([]byte(nil), data...)
					changed[at] = v
					errnos[l.compare(t, r, changed)]++
				}
				errnos[l.compare(t, r, data[:at])]++
			}
		})
	}
	for end := time.Now().Add(compareTime()); time.Now().Before(end); {
		for range 100 {
			errnos[l.compare(t, r, mutate(r, all[names[r.IntN(len(names))]]))]++
		}
	}
	t.Log(errnos)
	require.Greater(t, errnos[abi.OK], 1000)
}

// compareTime is how long drawn BTF is compared, longer where BPFSIM_COMPARE says so.
func compareTime() time.Duration {
	d, err := time.ParseDuration(os.Getenv("BPFSIM_COMPARE"))
	if err != nil {
		return 2 * time.Second
	}
	return d
}

// A program of random bytes, and such with a header.
func TestLoadOfNoiseComparedWithLinux(t *testing.T) {
	l := openLinux(t)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 2000 {
		data := make([]byte, 1000)
		for at := range data {
			data[at] = byte(r.Uint32())
		}
		if i%2 == 0 {
			copy(data, (&btf.Builder{}).Bytes()[:8])
			for at := 8; at < 24; at += 4 {
				binary.LittleEndian.PutUint32(data[at:], 4*r.Uint32N(250))
			}
		}
		l.compare(t, r, data)
	}
}

// The kernel's own types are valid BTF of some megabytes, with all that compilers make.
func TestLoadOfVmlinuxComparedWithLinux(t *testing.T) {
	l := openLinux(t)
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		t.Skip(err)
	}
	require.Equal(t, l.load(data, 0, 0), simulated(data, 0, 0))
	require.Equal(t, l.load(data, 1, 4096), simulated(data, 1, 4096), "the end of a log of megabytes")
	require.Equal(t, l.load(data, 9, 4096), simulated(data, 9, 4096), "its beginning")
}
