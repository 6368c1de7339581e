package program

// Settle waits until a kernel has freed what it frees in the background.
type Settle struct{}

func (Settle) event() {}

func (Settle) text(w *writer) { w.printf("settle\n") }

func init() {
	events["settle"] = func(words []string) (Action, error) {
		_, err := values(words, nil)
		return Settle{}, err
	}
}
