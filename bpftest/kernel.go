package bpftest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/profile"
)

// Handle is the kernel of one test.
type Handle struct {
	t        testing.TB
	link     *tenure
	standIns *registry
}

// KernelOption is a setting of a test's kernel.
type KernelOption func(*kernelSettings)

type kernelSettings struct {
	seed   uint64
	leaks  bool
	linux  string
	record string
}

// Seed starts the generator of the hash seeds of maps, on which the order of walks depends. Without it 0 does.
func Seed(seed uint64) KernelOption { return func(s *kernelSettings) { s.seed = seed } }

// Linux lets the kernel answer as another series of Linux than 6.18 does: 6.1 or 6.12; docs/kernels.md says in what they differ. Without it
// BPFSIM_LINUX in the environment names the series. What a client has probed it may remember for the whole process, as package features of
// cilium/ebpf does, and uname(2) is the host's.
func Linux(series string) KernelOption { return func(s *kernelSettings) { s.linux = series } }

// AllowLeaks lets the test end with objects that are open or pinned.
func AllowLeaks() KernelOption { return func(s *kernelSettings) { s.leaks = true } }

// Kernel begins with a new, empty kernel for the test, which ends it when fds or pins of maps or programs are left over, or a fault
// (Fail) never happened.
//
// All calls of the process go to this kernel until the test has ended, so that only one test at a time can have one. Where calls are answered in the
// tests' own process (bpfsim test, Patched), tests that run in parallel have one each: after t.Parallel, Kernel marks the calling goroutine by a
// profiler label, which goroutines hand on to those that they start. A goroutine that has no label of a test's may use what a test has made, by its fd;
// another call of its gets ENOSYS, and fails all parallel tests that have a kernel then.
func Kernel(t testing.TB, options ...KernelOption) *Handle {
	t.Helper()
	noteRoad()
	s := kernelSettings{linux: os.Getenv(linuxName)}
	for _, o := range options {
		o(&s)
	}
	if kernel == nil {
		t.Fatal("bpftest: there is no simulated kernel to take: " + noKernel())
	}
	like, err := profile.Named(s.linux)
	if err != nil {
		t.Fatalf("bpftest: Linux or %s: %v", linuxName, err)
	}
	test, file := tenantOf(t), s.recordTo(t)
	way, err := kernel.boot(test, request{Op: opBoot, Seed: s.seed, Linux: like.Release, PID: os.Getpid(), Code: codeAddress(), Record: file, Name: test.name,
		Package: testPackage()})
	if err != nil {
		t.Fatalf("bpftest: %v", err)
	}
	mine := &tenure{link: way, test: test.name}
	k := &Handle{t, mine, &registry{link: mine, byName: map[string]*standIn{}}}
	free := sync.OnceFunc(mine.free)
	if explored, ok := unwrapped(t).(*T); ok {
		explored.lendKernel(free)
	}
	t.Cleanup(func() {
		t.Helper()
		defer free()
		if strays := k.link.strays(); len(strays) > 0 {
			t.Errorf("bpftest: calls of which nobody knows for which test they are, answered with ENOSYS: %s: %s", strings.Join(strays, ", "), strayHelp)
		}
		if !s.leaks {
			k.complain()
		}
		if file != "" {
			k.endRecording()
		}
		dir, _ := k.link.bpffs()
		removePins(dir)
	})
	return k
}

// For is the kernel with another test's word for what goes wrong, such as a subtest's.
func (k *Handle) For(t testing.TB) *Handle { return &Handle{t, k.link, k.standIns} }

// endRecording ends a recording, and fails the test where it is not whole.
func (k *Handle) endRecording() {
	k.t.Helper()
	if _, err := k.link.do(request{Op: opEndRecording}); err != nil {
		k.t.Errorf("bpftest: %v", err)
	}
}

// do is a request that cannot fail but by the other process's end.
func (k *Handle) do(q request) reply {
	k.t.Helper()
	a, err := k.link.do(q)
	if err != nil {
		k.fatal(err)
	}
	return a
}

// fatal ends the test, or the process where the test has ended: package testing hides what is said of it then.
func (k *Handle) fatal(err error) {
	k.t.Helper()
	if errors.Is(err, errEnded) {
		panic(fmt.Sprintf("bpftest: %v", err))
	}
	k.t.Fatalf("bpftest: %v", err)
}

// patience is how long an object may take to go after its last fd was closed: the host tells of it a moment later.
const patience = time.Second

// complain fails the test for what is left over.
func (k *Handle) complain() {
	k.t.Helper()
	for _, pin := range pins(k.link.bpffs()) {
		k.t.Errorf("bpftest: %s is still pinned", pin)
	}
	for _, o := range k.left() {
		k.t.Errorf("bpftest: %s%s was not closed: Close it, or pass bpftest.AllowLeaks()", o.Text, madeAt(o.Stack))
	}
}

// looking is locked while a test looks for what was forgotten, which keeps the objects of all tests open for a moment.
var looking sync.Mutex

// left is what has not been closed. What goroutines close as the test ends may take a moment.
func (k *Handle) left() []liveObject {
	k.t.Helper()
	if _, explored := k.t.(*T); !explored { // which is alone, and may be given up in the middle
		looking.Lock()
		defer looking.Unlock()
	}
	if len(k.live()) == 0 {
		return nil
	}
	long := patience
	if k.t.Failed() { // it may have left before it closed anything
		long /= 10
	}
	return append(k.forgotten(), k.stay(long)...)
}

// stay is what is still there after a time, or nothing as soon as nothing is.
func (k *Handle) stay(long time.Duration) (left []liveObject) {
	k.t.Helper()
	for end := time.Now().Add(long); ; time.Sleep(patience / 1000) {
		if left = k.live(); len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

// forgotten is what the garbage collector has closed now that it was called for the memory of maps.
func (k *Handle) forgotten() (gone []liveObject) {
	k.t.Helper()
	release, mapped := collectMapped()
	if !mapped {
		return nil
	}
	open := k.stay(patience / 100)
	release()
	now := k.live()
	for _, o := range open {
		if !slices.ContainsFunc(now, func(other liveObject) bool { return other.Text == o.Text }) {
			gone = append(gone, o)
		}
	}
	return gone
}

// live is what the test could still close. The memory of programs' variables is none of that: clients unmap it when the garbage collector finds it.
func (k *Handle) live() []liveObject {
	k.t.Helper()
	k.link.sweep()
	objects := k.do(request{Op: opLive}).Objects
	return slices.DeleteFunc(objects, func(o liveObject) bool { return o.Array.onlyMapped(k.link.inProcess()) })
}

// pins are the paths of a bpffs that are no directories, below its name.
func pins(dir, name string) (paths []string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, name+strings.TrimPrefix(path, dir))
		}
		return nil
	})
	return paths
}

// removePins empties a bpffs for the next test.
func removePins(root string) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			_ = os.RemoveAll(filepath.Join(root, e.Name()))
		}
	}
}

// Map finds a map by its name, which Linux cuts to 15 characters. The test ends when there is no such map, or more than one.
func (k *Handle) Map(name string) *Map {
	k.t.Helper()
	return &Map{k: k, name: name, shape: k.await("find map", request{Op: opShape, Map: name}).Shape}
}

// Fault is a rule at work.
type Fault struct {
	k      *Handle
	number int
}

// Fail lets calls fail from now on, to the end of the test, in the ways that package fault has:
//
//	k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "ct", Nth: 3, Errno: abi.ENOMEM})
//
// A fault that never happened fails the test, since it has then tested nothing; ask Hits where that may be.
func (k *Handle) Fail(r fault.Rule) *Fault {
	k.t.Helper()
	if err := r.Check(); err != nil {
		k.t.Fatalf("bpftest: fail by the fault %v: %v: give it an Errno or a Delay", r, err)
	}
	f := &Fault{k, int(k.do(request{Op: opFail, Rule: r}).N)}
	k.t.Cleanup(func() {
		k.t.Helper()
		if f.Hits() == 0 && r.Share == 0 {
			k.t.Errorf("bpftest: the fault %v never happened: maps and programs were: %s", r, k.made("bpf-map", "bpf-prog"))
		}
	})
	return f
}

// made are the names of all objects of some kinds that there were.
func (k *Handle) made(kinds ...string) string {
	k.t.Helper()
	var names []string
	for _, kind := range kinds {
		names = append(names, k.do(request{Op: opMade, Name: kind}).Names...)
	}
	return listed(names)
}

// Hits is the number of calls that have failed by the fault.
func (f *Fault) Hits() uint64 { return f.k.do(request{Op: opHits, N: f.number}).N }

// End ends the fault.
func (f *Fault) End() { f.k.do(request{Op: opHeal, N: f.number}) }
