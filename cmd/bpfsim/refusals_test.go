package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

func kprobe() bpfsys.Refusal {
	return bpfsys.Refusal{Cmd: abi.ProgLoad, What: "type KPROBE", Errno: abi.EINVAL}
}

func TestRefusals(t *testing.T) {
	var out bytes.Buffer
	r := newRefusals(&out)
	r.note(kprobe())
	r.note(bpfsys.Refusal{Cmd: abi.MapCreate, What: "type RINGBUF", Errno: abi.EINVAL})
	r.note(bpfsys.Refusal{Cmd: abi.BTFLoad, Errno: abi.EINVAL})
	r.note(kprobe())
	r.close()
	require.Equal(t, `bpfsim: BPF_PROG_LOAD of type KPROBE is not simulated: EINVAL
bpfsim: BPF_MAP_CREATE of type RINGBUF is not simulated: EINVAL
bpfsim: BPF_BTF_LOAD is not simulated: EINVAL
bpfsim: refused more than once: BPF_PROG_LOAD of type KPROBE (2)
`, out.String())
}

// A program that outlives the command may still be refused something: nobody is told.
func TestRefusedTooLate(t *testing.T) {
	var out bytes.Buffer
	r := newRefusals(&out)
	r.close()
	r.note(kprobe())
	require.Empty(t, out.String())
}

// A line is written when the call that it is about has not been answered yet, and kinds refused once are not summed up.
func TestRefusalIsWrittenFirst(t *testing.T) {
	reader, writer := io.Pipe()
	r := newRefusals(writer)
	answered := make(chan struct{})
	go func() {
		r.note(kprobe())
		close(answered)
	}()
	first := make([]byte, 1)
	_, err := reader.Read(first)
	require.NoError(t, err)
	select {
	case <-answered:
		t.Fatal("the call was answered before its line was written")
	default:
	}
	rest := make([]byte, 100)
	n, err := reader.Read(rest)
	require.NoError(t, err)
	for !bytes.HasSuffix(rest[:n], []byte("\n")) {
		more, err := reader.Read(rest[n:])
		require.NoError(t, err)
		n += more
	}
	<-answered
	r.close()
	require.Equal(t, "bpfsim: BPF_PROG_LOAD of type KPROBE is not simulated: EINVAL\n", string(first)+string(rest[:n]))
}

func TestNothingRefused(t *testing.T) {
	var out bytes.Buffer
	newRefusals(&out).close()
	require.Empty(t, out.String())
}

func TestManyKindsRefused(t *testing.T) {
	var out bytes.Buffer
	r := newRefusals(&out)
	for i := range 18 {
		i %= 9
		r.note(bpfsys.Refusal{Cmd: abi.ProgLoad, What: fmt.Sprint("type ", i), Errno: abi.EINVAL})
	}
	r.close()
	require.Contains(t, out.String(), "BPF_PROG_LOAD of type 5 (2), 3 other kinds\n")
}

// Nobody waits for a reader that does not come.
func TestRefusalsUnread(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	defer writer.Close()
	r := newRefusals(writer)
	for i := range 4 * maxLines { // more than a pipe holds
		r.note(bpfsys.Refusal{Cmd: abi.ProgLoad, What: fmt.Sprintf("type %0400d", i), Errno: abi.EINVAL})
	}
	r.close()
}
