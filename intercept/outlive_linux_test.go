//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var outliving = map[string]func(client){
	"flood": flood, "flooder": flooder, "stays": stays, "supervise": supervise,
	"killKeeper": killKeeper, "stuck": stuck, "leaveDaemon": leaveDaemon,
}

// What outlives the command goes on as on Linux, but for bpf(2).
func TestProgramsOutliveTheCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	got := run(t, options("bash", "-c", "echo data > >(sleep 0.2; cat > "+file+")"))
	require.Equal(t, result{}, got)
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(file)
		return string(text) == "data\n"
	}, 10*time.Second, 10*time.Millisecond)
}

// supervise is not run under the supervisor but is one, to be killed.
func supervise(c client) {
	require.NoError(c, os.Setenv(scenarioVar, os.Getenv(commandVar)))
	o := options("/proc/self/exe")
	if command, other := strings.CutPrefix(os.Getenv(commandVar), "run "); other {
		o = options(strings.Fields(command)...)
	}
	o.Bound = os.Getenv(boundVar) != ""
	code, err := intercept.Run(context.Background(), o)
	fmt.Println(code, err)
}

// commandVar names the scenario that "supervise" runs.
const commandVar = "BPFSIM_TEST_COMMAND"

// boundVar has "supervise" bind the command to itself.
const boundVar = "BPFSIM_TEST_BOUND"

// A command that is bound to its supervisor does not outlive it.
func TestBoundCommand(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=run sh -c echo${IFS}ready;sleep${IFS}2;echo${IFS}outlived", boundVar+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.Equal(t, "ready", lines.Text())
	require.NoError(t, cmd.Process.Kill())
	require.False(t, lines.Scan(), lines.Text())
	_ = cmd.Wait()
}

// A supervisor that is killed in the midst of calls leaves nobody waiting.
func TestSupervisorIsKilled(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=flood")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for range flooders {
		require.True(t, lines.Scan())
		require.Equal(t, "ready", lines.Text())
	}
	require.NoError(t, cmd.Process.Kill())
	var ends []string
	for lines.Scan() { // until the last of them, and nobody else, has the pipe open no more
		ends = append(ends, lines.Text())
	}
	require.Equal(t, strings.Fields(strings.Repeat("ended ", flooders)), ends)
	_ = cmd.Wait()
}

// A keeper that was killed is there again when the supervisor goes.
func TestKeeperIsKilled(t *testing.T) {
	skipIfRefused(t)
	file := filepath.Join(t.TempDir(), "file")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=killKeeper", fileVar+"="+file)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "0 <nil>\n", string(out))
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(file)
		return string(text) == "data\n"
	}, 10*time.Second, 10*time.Millisecond)
}

// fileVar names the file that a program writes which killKeeper leaves behind.
const fileVar = "BPFSIM_TEST_FILE"

// killKeeper kills two keepers and leaves a program behind.
func killKeeper(c client) {
	first := c.keeper(0)
	require.NoError(c, unix.Kill(first, unix.SIGKILL))
	second := c.keeper(first)
	require.NoError(c, unix.Kill(second, unix.SIGKILL))
	c.keeper(second)
	child := exec.Command("sh", "-c", "while kill -0 $0; do sleep 0.01; done; sleep 0.2; echo data > $"+fileVar, fmt.Sprint(os.Getppid()))
	require.NoError(c, child.Start())
}

// keeper waits for a keeper of the supervisor's that is not the dead one, and returns its id.
func (c client) keeper(dead int) (pid int) {
	require.Eventually(c, func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getppid()))
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			for _, id := range strings.Fields(string(text)) {
				if name, _ := os.ReadFile("/proc/" + id + "/cmdline"); string(name) == "bpfsim-keeper\x00" {
					pid, _ = strconv.Atoi(id)
				}
			}
		}
		return pid > 0 && pid != dead
	}, 10*time.Second, time.Millisecond)
	return pid
}

const flooders = 4

// flood makes calls in several processes.
func flood(c client) {
	var group sync.WaitGroup
	for range flooders {
		child := exec.Command("/proc/self/exe")
		child.Env = append(os.Environ(), scenarioVar+"=flooder")
		child.Stdout = os.Stdout
		require.NoError(c, child.Start())
		group.Go(func() { require.NoError(c, child.Wait()) })
	}
	group.Wait()
}

// flooder makes calls until bpf(2) is there no more, and then all that the supervisor was told of.
func flooder(c client) {
	fd := c.create(abi.Array, 4, 1)
	fmt.Println("ready")
	for {
		errno := c.update(fd, 0, 1)
		if errno == unix.ENOSYS {
			break
		}
		require.Equal(c, unix.Errno(0), errno)
		_, err := os.ReadFile("/proc/self/cmdline")
		require.NoError(c, err)
	}
	stays(c)
	fmt.Println("ended")
}

// stays makes the calls that the filter sends, without a supervisor.
func stays(c client) {
	for range 20 {
		_, err := os.ReadFile("/proc/self/mounts")
		require.NoError(c, err)
		_, err = os.Readlink("/proc/self/exe")
		require.NoError(c, err)
		var st unix.Statfs_t
		require.NoError(c, unix.Statfs("/", &st))
		require.NoError(c, unix.Fstatfs(0, &st))
		require.Equal(c, unix.ENOSYS, c.update(0, 1, 1))
	}
}

// A call that a killed supervisor had received is answered, too, however long the supervisor would have waited.
func TestSupervisorIsKilledInACall(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=stuck")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	if first := lines.Text(); first != "ready" {
		_ = cmd.Wait()
		t.Skip(first)
	}
	require.NoError(t, cmd.Process.Kill())
	require.True(t, lines.Scan())
	require.Equal(t, "ended", lines.Text())
	_ = cmd.Wait()
}

// stuck makes a call whose key is on a page that never comes.
func stuck(c client) {
	faults, page := c.userfault()
	fd := c.create(abi.Hash, 4, 1)
	go func() {
		_, err := unix.Read(faults, make([]byte, 32)) // the supervisor waits for the page
		require.NoError(c, err)
		fmt.Println("ready")
	}()
	key := uint64(page)
	_, errno := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: key, Value: key + 8})
	require.Equal(c, unix.ENOSYS, errno)
	fmt.Println("ended")
}

// The keeper of a program that stays leaves alone what whoever started the supervisor had open: a reader sees the end.
func TestKeeperKeepsNothingOpen(t *testing.T) {
	skipIfRefused(t)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=leaveDaemon")
	for range 8 {
		cmd.ExtraFiles = append(cmd.ExtraFiles, writer)
	}
	out, err := cmd.Output()
	require.NoError(t, err, string(out))
	require.NoError(t, writer.Close())
	daemon, err := strconv.Atoi(strings.Fields(string(out))[0])
	require.NoError(t, err)
	defer unix.Kill(daemon, unix.SIGKILL)
	require.NoError(t, reader.SetReadDeadline(time.Now().Add(20*time.Second))) // the daemon stays longer
	_, err = io.ReadAll(reader)
	require.NoError(t, err)
}

// leaveDaemon leaves a program behind that has nothing open but its standard fds.
func leaveDaemon(c client) {
	for fd := range 8 {
		unix.CloseOnExec(3 + fd)
	}
	daemon := exec.Command("sleep", "60")
	require.NoError(c, daemon.Start())
	fmt.Println(daemon.Process.Pid)
}

// With nobody left there is no keeper left either, and no fd of ours.
func TestNothingStaysBehind(t *testing.T) {
	fds, processes := openFiles(t), children(t)
	for range 3 {
		require.Equal(t, result{}, run(t, options("true")))
	}
	require.Subset(t, fds, openFiles(t)) // some may be those of a keeper that ends just now
	require.Subset(t, processes, children(t))
}

// children are this process's, zombies too.
func children(t *testing.T) []string {
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	require.NoError(t, err)
	var ids []string
	for _, task := range tasks {
		text, _ := os.ReadFile(task) // the thread may be gone
		ids = append(ids, strings.Fields(string(text))...)
	}
	return ids
}

// openFiles are the names of this process's open files.
func openFiles(t *testing.T) []string {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		if name, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			names = append(names, name)
		}
	}
	return names
}
