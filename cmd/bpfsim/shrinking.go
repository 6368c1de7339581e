package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// shrinking shows how far shrinking has come: on a terminal all the time, elsewhere in a line now and then.
func shrinking(out io.Writer) (show func(left, tried int), end func()) {
	every, end := 10*time.Second, func() {}
	line := func(text string) { fmt.Fprintln(out, text) }
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(file))
		every, end = barEvery, func() { _ = bar.Clear() } // a terminal that is gone is no reason to stop
		line = func(text string) {
			bar.Describe(text)
			_ = bar.Add(1)
		}
	}
	last := time.Now()
	return func(left, tried int) {
		if now := time.Now(); now.Sub(last) >= every {
			last = now
			line(fmt.Sprintf("shrinking: %d tries, %d lines in the last one", tried, left))
		}
	}, end
}
