package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Offsets in the attr of what PROG_TEST_RUN writes.
const (
	testRetVal         = 4
	testDataSizeOut    = 12
	testDuration       = 36
	testContextSizeOut = 44
)

// Flags of PROG_TEST_RUN.
const (
	testOnCPU            = 1 << 0
	testLiveFrames       = 1 << 1
	testChecksumComplete = 1 << 2
)

// testKinds are the types that Linux can test.
var testKinds = map[abi.ProgType]testKind{
	abi.ProgSocketFilter:  {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgSchedCLS:      {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgSchedACT:      {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgCgroupSKB:     {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgLWTIn:         {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgLWTOut:        {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgLWTXmit:       {(*testRun).preparePacket, (*testRun).finishPacket},
	abi.ProgXDP:           {(*testRun).prepareXDP, (*testRun).finishXDP},
	abi.ProgFlowDissector: {(*testRun).prepareDissector, (*testRun).finishDissector},
	abi.ProgNetfilter:     {(*testRun).prepareNetfilter, (*testRun).finishNetfilter},
	abi.ProgSKLookup:      {(*testRun).prepareSKLookup, (*testRun).finishSKLookup},
	abi.ProgRawTracepoint: {(*testRun).prepareRawTracepoint, (*testRun).writeValue},
	abi.ProgSyscall:       {(*testRun).prepareSyscall, (*testRun).finishSyscall},
	abi.ProgTracing:       {prepare: (*testRun).refuseTracing},
}

// refuseTracing follows bpf_prog_test_run_tracing, which calls functions of the kernel's own that such programs may be attached to.
func (t *testRun) refuseTracing() (run Run, errno abi.Errno) {
	if !t.simple() {
		return run, abi.EINVAL
	}
	return run, t.refuse(Refusal{Cmd: abi.ProgTestRun, What: "type TRACING", Errno: abi.ENOTSUPP})
}

// prepareRawTracepoint follows bpf_prog_test_run_raw_tp.
func (t *testRun) prepareRawTracepoint() (run Run, errno abi.Errno) {
	const most = 12 * 8 // MAX_BPF_FUNC_ARGS
	switch {
	case t.DataIn != 0, t.DataOut != 0, t.CtxOut != 0, t.Duration != 0, t.Repeat != 0, t.BatchSize != 0,
		t.CtxSizeIn > most, t.Flags&testOnCPU == 0 && t.CPU != 0:
		return run, abi.EINVAL
	}
	if errno = t.readAll(); errno != abi.OK {
		return run, errno
	}
	if t.Flags&testOnCPU != 0 && t.CPU >= uint32(t.kernel.options.CPUs) {
		return run, abi.ENXIO
	}
	return Run{Context: t.context}, abi.OK
}

// readAll reads a context of any size.
func (t *testRun) readAll() abi.Errno {
	t.context = make([]byte, t.CtxSizeIn)
	return t.copyIn(t.context, t.CtxIn)
}

// prepareSyscall follows bpf_prog_test_run_syscall.
func (t *testRun) prepareSyscall() (run Run, errno abi.Errno) {
	const most = 1<<16 - 1
	switch {
	case t.DataIn != 0, t.DataOut != 0, t.CtxOut != 0, t.Duration != 0, t.Repeat != 0, t.Flags != 0, t.BatchSize != 0,
		t.CtxSizeIn > most:
		return run, abi.EINVAL
	}
	errno = t.readAll()
	return Run{Context: t.context}, errno
}

// finishSyscall writes the context over what the caller passed.
func (t *testRun) finishSyscall(ran Ran) abi.Errno {
	if errno := t.writeValue(ran); errno != abi.OK {
		return errno
	}
	return t.copyOut(t.CtxIn, ran.Context)
}
