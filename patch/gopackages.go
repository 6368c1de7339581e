package patch

// Standard are the packages of the standard library that are patched: syscall, through which all system calls go, to count closed fds, since
// what was known of them need not be asked again at each call, and to lead paths of package os below /sys/fs/bpf elsewhere; its twin golang.org/x/sys/unix for its own paths; runtime and internal/sync for tests that explore, in
// which goroutines run in an order that is chosen, and to initialise the simulator first; sync for the waits of the same tests.
var Standard = []string{"golang.org/x/sys/unix", "internal/sync", "runtime", "sync", "syscall"}

// closeDeclarations are the counters: one for each fd, as far as it goes, and one for calls on ranges of fds.
const closeDeclarations = `

//go:linkname bpfsimFDs` + Version + `
var bpfsimFDs` + Version + ` = struct {
	on   bool
	all  uint32
	each [1 << 10]uint32
}{on: true}
`

// closeCounting stands behind a system call: close, dup3, dup2 (33 where there is one) and close_range.
const closeCounting = `; if trap == SYS_CLOSE { bpfsimFDs` + Version + `.each[a1&(1<<10-1)]++ } else if trap == SYS_DUP3 || trap == 33 { bpfsimFDs` + Version + `.each[a2&(1<<10-1)]++ } else if trap == 436 { bpfsimFDs` + Version + `.all++ }`

// pathDeclarations: path is where a path leads.
const pathDeclarations = `

//go:linkname bpfsimPath` + Version + `
var bpfsimPath` + Version + ` = struct {
	on   bool
	path func(name string) string
}{on: true}
`

// pathChanges are those of syscall's paths.
var pathChanges = []change{
	{"func BytePtrFromString(s string) (*byte, error)", "", ` if bpfsimPath` + Version + `.path != nil && len(s) > 5 && s[:5] == "/sys/" { s = bpfsimPath` +
		Version + `.path(s) };`},
}

// twinDeclarations are those of golang.org/x/sys/unix.
const twinDeclarations = `
var bpfsimPath` + Version + ` = struct {
	on     bool
	path   func(name string) string
	statfs func(path string, buf *Statfs_t) (err error, ours bool)
}{on: true}
`

// twinChanges: its functions are generated, and make their paths as those of syscall do.
var twinChanges = append([]change{
	{"func Statfs(path string, buf *Statfs_t) (err error)", "", ` if bpfsimPath` + Version + `.statfs != nil { if err, ours := bpfsimPath` + Version +
		`.statfs(path, buf); ours { return err } };`},
}, pathChanges...)

// lockDeclarations are those of internal/sync. lock, unless it is nil, waits for a mutex in the place of the runtime: held tells whether
// somebody has it, try takes it unless somebody has. It reports false when it has not taken it.
const lockDeclarations = `

//go:linkname bpfsimLock` + Version + `
var bpfsimLock` + Version + ` = struct {
	on   bool
	lock func(held, try func() bool) bool
}{on: true}
`

// waitDeclarations are those of sync. lock is as in lockDeclarations; woken comes behind a wait that another goroutine has ended.
const waitDeclarations = `

//go:linkname bpfsimWait` + Version + `
var bpfsimWait` + Version + ` = struct {
	on     bool
	lock   func(held, try func() bool) bool
	woken  func()
}{on: true}
`

// The hooks' calls. The race detector must see what they do, although it does not look where they stand.
const (
	thenWoken = `; if bpfsimWait` + Version + `.woken != nil { bpfsimWait` + Version + `.woken() }`
	thenSeen  = `; if bpfsimWait` + Version + `.woken != nil { if race.Enabled { race.Enable() }; bpfsimWait` + Version + `.woken(); if race.Enabled { race.Disable() } }`
)

// waitChanges are those of sync, of Go 1.26. A reader that waits has not come yet, for all that others can tell; a writer has, since it keeps readers out.
var waitChanges = []change{
	{"func (c *Cond) Wait()", "runtime_notifyListWait(&c.notify, t)", `runtime_notifyListWait(&c.notify, t)` + thenWoken},
	{"func (rw *RWMutex) RLock()", "", ` if bpfsimWait` + Version + `.lock != nil && rw.readerCount.Load() < 0 && bpfsimWait` + Version +
		`.lock(func() bool { return rw.readerCount.Load() < 0 }, rw.TryRLock) { return };`},
	{"func (rw *RWMutex) Lock()", "runtime_SemacquireRWMutex(&rw.writerSem, false, 0)", `runtime_SemacquireRWMutex(&rw.writerSem, false, 0)` + thenSeen},
	{"func (wg *WaitGroup) Wait()", "isReset := wg.state.Load() != 0", `isReset := wg.state.Load() != 0` + thenSeen},
}

// runtimeDeclarations: calm, unless its seed is 0, has what Go leaves to chance come out the same each time, for goroutines in a bubble of
// testing/synctest: the order of goroutines under the race detector, of the cases of select, of timers of one instant and of elements of maps, and
// math/rand. Goroutines go on in the order in which they were woken then, also those that yield. Time in a bubble moves on while goroutines wait for
// mutexes. start gets what a goroutine in a bubble is to run and returns what it runs instead. exit comes before os.Exit, and may not return. story is
// printed when the process dies of a panic or a fatal error. self are the numbers of the calling goroutine and of its bubble, 0 outside of any. last is
// the number of the goroutine of a bubble that, when it yields, lets all others run first, as goroutines of no bubble do. Goroutines of the bubble
// keeps have a longer turn (bpfsimKeeps).
const runtimeDeclarations = `

//go:linkname bpfsimGo` + Version + `
var bpfsimGo` + Version + ` = struct {
	on    bool
	calm  func(seed uint64)
	start func(f func()) func()
	exit  func(code int)
	story []byte
	self  func() (id, bubble uint64)
	last  uint64
	keeps uint64
}{on: true, calm: bpfsimCalm, self: bpfsimSelf}

var (
	bpfsimIsCalm bool
	bpfsimSeed   uint64
	` + firstName + ` string
)

// bpfsimInitFirst initialises the packages in the list, which is complete, before all others.
func bpfsimInitFirst(tasks []*initTask) {
	for _, t := range tasks {
		entry := add(unsafe.Pointer(t), 8)
		pkg := funcpkgpath(findfunc(abi.FuncPCABIInternal(*(*func())(unsafe.Pointer(&entry)))))
		for at := 0; at+len(pkg)+1 < len(` + firstName + `); at++ {
			if ` + firstName + `[at] == ',' && ` + firstName + `[at+1:at+1+len(pkg)] == pkg && ` + firstName + `[at+1+len(pkg)] == ',' {
				doInit1(t)
				break
			}
		}
	}
}

func bpfsimCalm(seed uint64) {
	bpfsimIsCalm, bpfsimSeed = seed != 0, seed
	randomizeScheduler = raceenabled && seed == 0
	isIdleInSynctest[waitReasonSyncMutexLock] = seed != 0
	isIdleInSynctest[waitReasonSyncRWMutexRLock] = seed != 0
	isIdleInSynctest[waitReasonSyncRWMutexLock] = seed != 0
}

// bpfsimKeeps tells that a goroutine keeps its P, as it has had it for less than half a second: the usual 10 ms, or 20 us in a system call, pass
// anywhere when the machine is busy.
func bpfsimKeeps(pp *p, gp *g) bool {
	return gp != nil && gp.bubble != nil && gp.bubble.id == bpfsimGo` + Version + `.keeps && pp.sysmontick.schedwhen+500*1000*1000 > nanotime()
}

//go:nosplit
func bpfsimChance() uint64 { // splitmix64
	bpfsimSeed += 0x9e3779b97f4a7c15
	z := bpfsimSeed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func bpfsimSelf() (id, bubble uint64) {
	gp := getg()
	if gp.bubble != nil {
		bubble = gp.bubble.id
	}
	return gp.goid, bubble
}

func bpfsimBegin(fn *funcval) *funcval {
	f := bpfsimGo` + Version + `.start(*(*func())(unsafe.Pointer(&fn)))
	return *(**funcval)(unsafe.Pointer(&f))
}
`

// change is what a function, with this declaration, does first, or in the place of one statement.
type change struct{ head, was, text string }

// lockChanges are those of internal/sync, of Go 1.26.
var lockChanges = []change{
	{"func (m *Mutex) lockSlow()", "", ` if bpfsimLock` + Version + `.lock != nil && bpfsimLock` + Version + `.lock(` +
		`func() bool { return atomic.LoadInt32(&m.state)&(mutexLocked|mutexStarving) != 0 }, m.TryLock) { return };`},
}

// runtimeChanges are those of runtime, of Go 1.26.
var runtimeChanges = []change{
	{"func newproc(fn *funcval)", "", ` if bpfsimGo` + Version + `.start != nil && getg().bubble != nil { fn = bpfsimBegin(fn) };`},
	{"func doInit(ts []*initTask)", "", ` if ` + firstName + ` != "" { bpfsimInitFirst(ts) };`},
	{"func os_beforeExit(exitCode int)", "", ` if bpfsimGo` + Version + `.exit != nil { bpfsimGo` + Version + `.exit(exitCode) };`},
	{"func dopanic_m(gp *g, pc, sp uintptr, bubble *synctestBubble) bool", "", ` gwrite(bpfsimGo` + Version + `.story);`},
	{"func runqput(pp *p, gp *g, next bool)", "", ` if bpfsimIsCalm { next = false };`},
	{"func Gosched()", "", ` if gp := getg(); bpfsimIsCalm && gp.bubble != nil && gp.goid != bpfsimGo` + Version + `.last { goyield(); return };`},
	{"func preemptone(pp *p) bool", "gp := mp.curg", `gp := mp.curg; if bpfsimKeeps(pp, gp) { return false }`},
	{"func retake(now int64) uint32", "thread, ok := setBlockOnExitSyscall(pp)",
		`thread, ok := setBlockOnExitSyscall(pp); if ok && bpfsimKeeps(pp, thread.gp) { thread.resume(); ok = false }`},
	{"func rand() uint64", "", ` if bpfsimIsCalm && getg().bubble != nil { return bpfsimChance() };`},
	{"func selectgo(cas0 *scase, order0 *uint16, pc0 *uintptr, nsends, nrecvs int, block bool) (int, bool)", "j := cheaprandn(uint32(norder + 1))",
		`j := cheaprandn(uint32(norder + 1)); if bpfsimIsCalm && gp.bubble != nil { j = uint32(bpfsimChance() % uint64(norder+1)) }`},
	{"func (t *timer) maybeAdd()", "t.rand = cheaprand()", `t.rand = cheaprand(); if bpfsimIsCalm { bpfsimSeed++; t.rand = uint32(bpfsimSeed) }`},
}

// The order of goroutines under the race detector, which is random for good.
const (
	randomOrder = "const randomizeScheduler = raceenabled"
	chosenOrder = "var randomizeScheduler = raceenabled"
)

// standard patches a package of the standard library. Of a Go whose functions look otherwise nothing is patched.
func standard(pkg string, files []*source) {
	patched := false
	switch pkg {
	case "syscall":
		patched = countCloses(files) && changeAll(files, pathChanges, "")
	case "golang.org/x/sys/unix":
		patched = changeAll(files, twinChanges, twinDeclarations)
	case "internal/sync":
		patched = changeAll(files, lockChanges, lockDeclarations)
	case "sync":
		patched = changeAll(files, waitChanges, waitDeclarations)
	case "runtime":
		patched = chooseOrder(files) && changeAll(files, runtimeChanges, runtimeDeclarations)
	}
	for _, s := range files {
		if !patched {
			s.edits, s.more = nil, ""
		}
	}
}

// countCloses counts behind each system call that closes fds.
func countCloses(files []*source) (found bool) {
	for _, s := range files {
		f := s.function("RawSyscall6")
		if f == nil || s.head(f) != "func RawSyscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err Errno)" {
			continue
		}
		for _, a := range s.statements(f.Body, "err = Errno(errno)") {
			s.insert(a.End(), closeCounting)
			s.more += closeDeclarations + pathDeclarations // it imports unsafe
			found = true
		}
	}
	return found
}

// changeAll makes all changes, with the declarations behind the file of the first, or reports false.
func changeAll(files []*source, changes []change, declarations string) bool {
	for _, c := range changes {
		s := c.make(files)
		if s == nil {
			return false
		}
		s.more += declarations
		declarations = ""
	}
	return true
}

// make makes the change and returns the file that has the function, nil when there is no such function or statement.
func (c change) make(files []*source) *source {
	for _, s := range files {
		f := s.declared(c.head)
		switch {
		case f == nil:
			continue
		case c.was == "":
			s.insert(f.Body.Lbrace+1, c.text)
			return s
		}
		if places := s.statements(f.Body, c.was); len(places) == 1 {
			s.replace(places[0], c.text)
			return s
		}
		return nil
	}
	return nil
}

// chooseOrder makes a variable of a constant.
func chooseOrder(files []*source) bool {
	for _, s := range files {
		for _, d := range s.tree.Decls {
			if s.code(d) == randomOrder {
				s.replace(d, chosenOrder)
				return true
			}
		}
	}
	return false
}
