package main

import (
	"bytes"
	"fmt"
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
bpfsim: refused, because not simulated: BPF_PROG_LOAD of type KPROBE (2), BPF_BTF_LOAD (1), BPF_MAP_CREATE of type RINGBUF (1)
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

func TestNothingRefused(t *testing.T) {
	var out bytes.Buffer
	newRefusals(&out).close()
	require.Empty(t, out.String())
}

func TestManyKindsRefused(t *testing.T) {
	var out bytes.Buffer
	r := newRefusals(&out)
	for i := range 9 {
		r.note(bpfsys.Refusal{Cmd: abi.ProgLoad, What: fmt.Sprint("type ", i), Errno: abi.EINVAL})
	}
	r.close()
	require.Contains(t, out.String(), "BPF_PROG_LOAD of type 5 (1), 3 other kinds\n")
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
