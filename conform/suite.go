package conform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// Options are the settings of a run.
type Options struct {
	// Types are the only map types to ask about; none means all.
	Types []abi.MapType
	// Programs is the number of generated programs, and of walks, for each map type; 0 means DefaultPrograms, less than 0 none.
	Programs int
	// Linux is the series of Linux to be compared with; 0 is abi.Latest.
	Linux abi.Release
	// Seed determines them.
	Seed uint64
	// Concurrent asks a Go type also what calls at the same time answer, as plugins are asked that know "together". A type that is not made for
	// that may end the process.
	Concurrent bool
}

// DefaultPrograms is the number of generated programs for each map type.
const DefaultPrograms = 50

// Run asks an implementation everything and returns the report on it. The error says why it could not go on; the report has what was
// asked until then.
func Run(ctx context.Context, on semantics.Implementation, o Options) (report *Report, err error) {
	s := &suite{
		on: on, options: o, reference: semantics.OnSeries(cmp.Or(o.Linux, abi.Latest), on.CPUs()),
		report: &Report{Name: on.Name(), Linux: cmp.Or(o.Linux, abi.Latest).String(), Areas: []*Area{}, Broken: []*Broken{}}, broken: map[string]*Broken{},
	}
	body := func() { err = s.run(ctx) }
	if k, ok := on.(interface{ Confine(func()) }); ok {
		k.Confine(body)
	} else {
		body()
	}
	return s.report, err
}

type suite struct {
	on, reference semantics.Implementation
	options       Options
	report        *Report
	broken        map[string]*Broken // by name
}

// fatal is an error of an implementation that cannot be asked any more.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

func (s *suite) run(ctx context.Context) error {
	for _, statement := range semantics.In(cmp.Or(s.options.Linux, abi.Latest)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.wants(statement.Type) {
			continue
		}
		if err := s.statement(statement); err != nil {
			return err
		}
	}
	for _, t := range generated {
		if !s.wants(t) {
			continue
		}
		if err := s.generated(ctx, t); err != nil {
			return err
		}
	}
	return s.concurrently()
}

func (s *suite) wants(t abi.MapType) bool {
	return len(s.options.Types) == 0 || slices.Contains(s.options.Types, t)
}

// statement asks one statement.
func (s *suite) statement(st semantics.Statement) error {
	area := s.report.area(semantics.CmdName(st.Rule.Cmd))
	failure, err := st.Run(unconfined{s.on})
	why := ""
	switch {
	case errors.Is(err, ErrUnsupported):
		area.LeftOut++
		return nil
	case errors.As(err, new(fatal)):
		return err
	case err != nil:
		why = err.Error()
	case failure != nil:
		why = failure.Why
	}
	area.Asked++
	if why == "" {
		area.Passed++
		return nil
	}
	b := s.found(semantics.CmdName(st.Rule.Cmd)+"/"+st.Rule.Short, st.Text(), why)
	if !slices.Contains(b.Types, st.Type.String()) {
		b.Types = append(b.Types, st.Type.String())
	}
	if len(b.Program) > 0 {
		return nil
	}
	steps := st.Steps
	if failure != nil {
		steps = steps[:failure.Step+1]
	}
	return s.smallest(b, steps, s.failsAtLast)
}

// found is the entry for what is broken, made at the first time.
func (s *suite) found(name, text, why string) *Broken {
	if s.broken[name] == nil {
		s.broken[name] = &Broken{Name: name, Text: text, Why: why}
		s.report.Broken = append(s.report.Broken, s.broken[name])
	}
	return s.broken[name]
}

// unconfined is an implementation that is asked where it must be already.
type unconfined struct{ semantics.Implementation }

// fails says how a program fails whose wants are what the reference answers, "" when it does not; an unsupported step is no failure.
func (s *suite) fails(steps []semantics.Step) (why string, learned []semantics.Step, err error) {
	learned, err = semantics.Learn(s.reference, steps)
	if err != nil {
		return "", nil, nil // no program at all
	}
	failure, err := semantics.Statement{Steps: learned}.Run(unconfined{s.on})
	switch {
	case errors.Is(err, ErrUnsupported):
		return "", nil, err
	case errors.As(err, new(fatal)):
		return "", nil, err
	case err != nil:
		return err.Error(), learned, nil
	case failure != nil:
		return failure.Why, learned[:failure.Step+1], nil
	}
	return "", learned, nil
}

// failsAtLast is fails where the last step is the one that fails, and as it stands: what is left of a program shows the same fault.
func (s *suite) failsAtLast(steps []semantics.Step) (why string, upTo []semantics.Step, err error) {
	why, upTo, err = s.fails(steps)
	if last := len(steps) - 1; why == "" || len(upTo) <= last || upTo[last].String() != steps[last].String() {
		return "", nil, err
	}
	return why, upTo, nil
}

// judge says how a program fails, and the program up to there.
type judge func(steps []semantics.Step) (why string, upTo []semantics.Step, err error)

// smallest puts the smallest program that fails into b, by leaving out steps as long as what is left fails.
func (s *suite) smallest(b *Broken, steps []semantics.Step, fails judge) error {
	b.program(steps)
	for at := len(steps) - 2; at >= 0; at-- {
		if at >= len(steps)-1 {
			continue
		}
		without := slices.Delete(slices.Clone(steps), at, at+1)
		why, upTo, err := fails(without)
		switch {
		case errors.As(err, new(fatal)):
			return err
		case err != nil || why == "":
			continue
		}
		steps = upTo
		b.Why = why
		b.program(steps)
	}
	return nil
}

// program writes down the program that shows what is broken.
func (b *Broken) program(steps []semantics.Step) {
	b.Program = b.Program[:0]
	for _, step := range steps {
		b.Program = append(b.Program, step.String())
	}
}

// describe is the name of a generated area.
func describe(kind string, t abi.MapType) string { return fmt.Sprintf("%s/%s", kind, t) }
