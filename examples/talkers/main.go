package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/cilium/ebpf"
)

func main() {
	pin := flag.String("map", "/sys/fs/bpf/talkers", "pinned hash map of flows (key 8 bytes, value 16 bytes)")
	interval := flag.Duration("interval", 2*time.Second, "time between two tables")
	batch := flag.Int("batch", 256, "first batch size; 0 reads key by key")
	top := flag.Int("top", 10, "flows to print; 0 prints all")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *pin, *interval, *batch, *top); err != nil {
		fmt.Fprintln(os.Stderr, "talkers:", err)
		os.Exit(1)
	}
}

// run prints a table every interval until ctx ends, and one last table of what came in since.
func run(ctx context.Context, w io.Writer, pin string, interval time.Duration, batch, top int) error {
	flows, err := openFlows(pin)
	if err != nil {
		return err
	}
	defer flows.Close()
	collector := &Collector{Map: flows, Batch: batch}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := report(w, collector, top); err != nil {
				return err
			}
		case <-ctx.Done():
			return report(w, collector, top)
		}
	}
}

func report(w io.Writer, collector *Collector, top int) error {
	flows, err := collector.Drain()
	if err != nil {
		return err
	}
	return WriteTable(w, flows, top)
}

// openFlows opens the pinned map and refuses one of another shape.
func openFlows(pin string) (*ebpf.Map, error) {
	m, err := ebpf.LoadPinnedMap(pin, nil)
	if err != nil {
		return nil, fmt.Errorf("open map %s (is the BPF program loaded and its map pinned there?): %w", pin, err)
	}
	if m.KeySize() != 8 || m.ValueSize() != 16 {
		defer m.Close()
		return nil, fmt.Errorf("open map %s: key %d and value %d bytes, want 8 and 16", pin, m.KeySize(), m.ValueSize())
	}
	return m, nil
}
