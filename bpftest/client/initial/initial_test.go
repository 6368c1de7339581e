package initial

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// firstName tells the second process, where there are two, what the calls of the first one got.
const firstName = "BPFSIM_TEST_FIRST"

// lateName has Main get options that contradict what calls before it have seen.
const lateName = "BPFSIM_TEST_LATE"

func TestMain(m *testing.M) {
	if os.Getenv(firstName) == "" {
		first := "made"
		if errors.Is(errors.Join(SeenErr, HasRings), unix.ENOSYS) {
			first = "ENOSYS"
		}
		os.Setenv(firstName, first)
	}
	if os.Getenv(lateName) != "" {
		bpftest.Main(m, bpftest.CPUs(ebpf.MustPossibleCPU()+1))
	}
	bpftest.Main(tidied{m})
}

// tidied are tests behind which something is done.
type tidied struct{ *testing.M }

func (m tidied) Run() int {
	status := m.M.Run()
	last, err := newSeen("last")
	if err == nil {
		err = last.Close()
	}
	if err != nil {
		fmt.Println("behind the tests:", err)
		return 1
	}
	return status
}

// patched tells which road this run takes.
func patched() bool { return os.Getenv("BPFSIM_TEST_PATCHED") != "" }

// Calls of func init, of the values of package variables and of goroutines that these start are answered, and what they made stays as it is.
func TestCallsOfInit(t *testing.T) {
	require.NoError(t, Memlock)
	require.NoError(t, SeenErr)
	require.NoError(t, HasRings)
	<-inBackground
	require.NoError(t, background)
	require.NoError(t, Seen.Put(uint32(1), uint64(2)))
	k := bpftest.Kernel(t)
	other, err := newSeen("other")
	require.NoError(t, err)
	defer other.Close()
	var v uint64
	require.NoError(t, Seen.Lookup(uint32(1), &v))
	require.Equal(t, uint64(2), v)
	require.ErrorIs(t, k.Map("other").Lookup(uint32(1), &v), unix.ENOENT)
	require.Contains(t, fatal(t, k), `no map is named "seen"; there are: "other". One was made before bpftest.Kernel began with this one`)
}

// fatal is what ends a test that looks for what is not in its kernel.
func fatal(t *testing.T, k *bpftest.Handle) string {
	said := &ended{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.For(said).Map("seen")
	}()
	<-done
	return said.text
}

type ended struct {
	testing.TB
	text string
}

func (e *ended) Fatalf(format string, args ...any) {
	e.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// Of two processes the one that plays the kernel is answered by nobody, least by the host's kernel.
func TestFirstProcess(t *testing.T) {
	want := "ENOSYS"
	if patched() {
		want = "made"
	}
	require.Equal(t, want, os.Getenv(firstName))
}

// What packages have asked of the kernel must hold in Main.
func TestOptionsThatComeTooLate(t *testing.T) {
	if !patched() {
		t.Skip("there Main's options are those of the process that plays the kernel")
	}
	cmd := exec.Command("/proc/self/exe", "-test.run", "^TestCallsOfInit$")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "BPFSIM_") { // of this one's kernel
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, lateName+"=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Regexp(t, `the options of Main come too late: \S+initial.go:\d+ has asked the kernel before, which had \d+ CPUs`, string(out))
}
