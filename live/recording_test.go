package live

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
)

const (
	clients = 3
	calls   = 40 // by each client, in one history
)

// recording makes histories of one subject on one machine.
type recording struct {
	subject
	machine Machine
	clock   Clock
	fd      int32
	setup   *caller
	clients []*recorder
	turns   []chan *turn
	gone    sync.WaitGroup
	// broken makes what a client sees of a broken map, in tests of the checker.
	broken func() func(operation, outcome) outcome
}

// turn is the clients' work on one history.
type turn struct {
	ready atomic.Int32
	ended sync.WaitGroup
}

// run makes n histories, each on an empty map, and shows them to judge.
func (r *recording) run(n int, judge func([]porcupine.Operation)) error {
	cpus := r.machine.CPUs()
	return r.machine.OnThread(cpus[0], func(system explore.System) (err error) {
		if r.fd, err = newMap(system, r.shape); err != nil {
			return err
		}
		r.setup = newCaller(system, r.fd, r.shape)
		defer r.end()
		for i := range clients {
			if err := r.startClient(i, cpus[i%len(cpus)]); err != nil {
				return err
			}
		}
		for range n {
			judge(r.history())
		}
		return nil
	})
}

// startClient starts a client's thread.
func (r *recording) startClient(number, cpu int) error {
	turns, failed := make(chan *turn), make(chan error, 2)
	r.turns = append(r.turns, turns)
	r.gone.Go(func() {
		failed <- r.machine.OnThread(cpu, func(system explore.System) error {
			d := newCaller(system, r.fd, r.shape)
			c := &recorder{
				number: number, do: d.do, clock: &r.clock, random: rand.New(rand.NewPCG(2, uint64(number))),
			}
			if r.broken != nil {
				see := r.broken()
				c.do = func(op operation) outcome { return see(op, d.do(op)) }
			}
			r.clients = append(r.clients, c)
			failed <- nil
			for turn := range turns {
				c.take(turn, r.subject)
			}
			return nil
		})
	})
	return <-failed
}

// take makes the client's calls, when the others are about to make theirs.
func (c *recorder) take(t *turn, s subject) {
	defer t.ended.Done()
	c.seen = nil
	t.ready.Add(1)
	for i := 0; i < spins && t.ready.Load() < clients; i++ {
	}
	for range calls {
		c.record(c.draw(s))
	}
}

func (r *recording) history() []porcupine.Operation {
	r.empty()
	t := &turn{}
	t.ended.Add(clients)
	for _, turns := range r.turns {
		turns <- t
	}
	t.ended.Wait()
	var history []porcupine.Operation
	for _, c := range r.clients {
		history = append(history, c.seen...)
	}
	return history
}

// empty brings the map to where the model starts.
func (r *recording) empty() {
	for _, key := range r.keys {
		switch r.shape.Type {
		case abi.Array:
			r.setup.update(key, ValueOf(0, r.shape.Value), abi.Any)
		case abi.Queue, abi.Stack:
			for r.setup.do(operation{verb: "pop"}).errno == abi.OK {
			}
		default:
			r.setup.delete(key)
		}
	}
}

func (r *recording) end() {
	for _, turns := range r.turns {
		close(turns)
	}
	r.gone.Wait()
}
