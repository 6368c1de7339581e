package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
)

func main() {
	name := flag.String("interface", "lo", "whose packets are counted")
	minUID := flag.Uint("min-uid", 0, "processes of users below are not shown")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *name, uint32(*minUID)); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

// run prints events until ctx ends, and then the peers.
func run(ctx context.Context, w io.Writer, name string, minUID uint32) error {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return fmt.Errorf("find interface: %w", err)
	}
	a, err := Load(minUID)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Attach(device.Index); err != nil {
		return err
	}
	printed := make(chan error, 1)
	go func() { printed <- a.print(w) }()
	select {
	case err = <-printed:
		return err
	case <-ctx.Done():
	}
	if err := a.events.Close(); err != nil {
		return fmt.Errorf("close ring buffer: %w", err)
	}
	<-printed
	peers, err := a.Peers()
	for address, traffic := range peers {
		fmt.Fprintf(w, "%s: %d packets, %d bytes\n", address, traffic.Packets, traffic.Bytes)
	}
	return err
}

// print prints events until the reader is closed.
func (a *Agent) print(w io.Writer) error {
	for {
		e, err := a.Read()
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		verb := "starts"
		if e.Ended {
			verb = "ends"
		}
		fmt.Fprintf(w, "%d %s of user %d %s\n", e.PID, e.Command, e.UID, verb)
	}
}
