package bpftest

import "github.com/bpfsim/bpfsim/intercept"

// direct is the way to a kernel in this process. Requests are carried out on the goroutine that makes them, at the same time as others.
type direct struct {
	host    *host
	machine *machine                // a test's, nil for the newest
	release func()                  // what nobody has open any more
	watch   func(intercept.Watcher) // has the client's calls told
}

func (d *direct) do(q request) (reply, error) {
	if d.machine != nil && q.Op == opEndRecording {
		return reply{Problem: d.host.endRecording(d.machine)}.result()
	}
	if d.machine == nil {
		return d.host.answer(q).result()
	}
	return d.machine.answer(q).result()
}

func (d *direct) sweep() { d.release() }

func (d *direct) serveRuns(f func(run) ran) (stop func()) {
	d.machine.runs.set(f)
	return func() { d.machine.runs.set(nil) }
}

func (d *direct) boot(t tenant, q request) (link, error) {
	q.BPFFS = mountPoint
	m, err := d.host.admit(t, q)
	if err != nil {
		return nil, err
	}
	return &direct{d.host, m, d.release, d.watch}, nil
}

func (d *direct) free() { d.host.leave(d.machine) }

func (d *direct) strays() []string { return d.host.strays(d.machine) }

func (d *direct) inProcess() bool { return true }

func (d *direct) bpffs() (dir, name string) { return d.host.directory(d.machine), mountPoint }
