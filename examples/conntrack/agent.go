package conntrack

import (
	"context"
	"time"
)

// Collect collects every so often, until the context ends or it fails. collect is Table.Sweep, Table.TakeIdle or Generations.Turn.
func Collect(ctx context.Context, every time.Duration, collect func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := collect(); err != nil {
				return err
			}
		}
	}
}
