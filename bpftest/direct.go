package bpftest

import "github.com/bpfsim/bpfsim/intercept"

// direct is the way to a kernel in this process. Requests are carried out on the goroutine that makes them, at the same time as others.
type direct struct {
	host  *host
	free  func()                    // what nobody has open any more
	watch func(w intercept.Watcher) // has the client's calls told to w
}

func (d *direct) do(q request) (reply, error) { return d.host.answer(q).result() }

func (d *direct) sweep() { d.free() }

func (d *direct) serveRuns(f func(run) ran) (stop func()) {
	d.host.runs.set(f)
	return func() { d.host.runs.set(nil) }
}
