package intercept

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// kept are the signals that are not passed on: those that cannot be caught, those about our own children, pipes,
// faults, limits and runtime (URG), and those of job control, by which the shell stops us and the command alike.
var kept = map[syscall.Signal]bool{
	unix.SIGKILL: true, unix.SIGSTOP: true, unix.SIGCHLD: true, unix.SIGPIPE: true, unix.SIGURG: true,
	unix.SIGSEGV: true, unix.SIGBUS: true, unix.SIGFPE: true, unix.SIGILL: true, unix.SIGTRAP: true,
	unix.SIGABRT: true, unix.SIGSYS: true, unix.SIGPROF: true, unix.SIGXFSZ: true, unix.SIGXCPU: true,
	unix.SIGTSTP: true, unix.SIGTTIN: true, unix.SIGTTOU: true, unix.SIGCONT: true,
	32: true, 33: true, 34: true, // the C library's own
}

// lastSignal is SIGRTMAX.
const lastSignal = 64

// passSignals sends the command what we are sent, until the function it returns is called. What we were started to
// ignore (nohup) stays ignored by both.
func passSignals(to *os.Process) func() {
	signals := make(chan os.Signal, 64)
	for n := syscall.Signal(1); n <= lastSignal; n++ {
		if !kept[n] && !signal.Ignored(n) {
			signal.Notify(signals, n)
		}
	}
	go func() {
		for s := range signals {
			if !fromTerminal(s) {
				_ = to.Signal(s)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// fromTerminal guesses whether the terminal sent a signal: it sends these to its whole foreground process group, the
// command included, so that passing them on would deliver them twice.
func fromTerminal(s os.Signal) bool {
	switch s {
	case unix.SIGINT, unix.SIGQUIT, unix.SIGWINCH:
	default:
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
