package bench

// elementOps are the calls on single elements.
var elementOps = []struct {
	name  string
	stock func(*stock, int)
	inner func(*inner, int)
	mock  bool // a Go map can do it too
}{
	{"lookup hit", (*stock).hit, (*inner).hit, true},
	{"lookup miss", (*stock).miss, (*inner).miss, true},
	{"update", (*stock).set, (*inner).set, true},
	{"delete + insert", (*stock).swap, (*inner).swap, true},
	{"next key", (*stock).walk, (*inner).walk, false},
}

// elementRows measures single elements through bpfsys and through maps, against Linux and the mock.
func elementRows(s *session) {
	for _, shape := range s.shapes() {
		ours, hash, goMap := newStock(newEmulated(), shape), newInner(newHash(shape), shape), newInner(newMock(), shape)
		var linux *stock
		if s.linux != nil {
			s.linux.Reset()
			linux = newStock(s.linux, shape)
		}
		for _, op := range elementOps {
			runners := []runner{
				{name: "bpfsys", run: func(n int) { op.stock(ours, n) }},
				{name: "maps", run: func(n int) { op.inner(hash, n) }},
			}
			if op.mock {
				runners = append(runners, runner{name: "mock", run: func(n int) { op.inner(goMap, n) }})
			}
			real := len(runners)
			if linux != nil {
				runners = append(runners, runner{name: "Linux", run: func(n int) { op.stock(linux, n) }})
			}
			t := s.race(runners...)
			what := op.name + ", " + shape.String()
			s.versus(t, 0, real, Row{What: what + ", bpfsys", Rival: "Linux", Floor: 15}.of(shape))
			s.versus(t, 1, real, Row{What: what + ", maps", Rival: "Linux", Floor: 30}.of(shape))
			if op.mock {
				s.versus(t, 1, 2, Row{What: what + ", maps", Rival: "mock", Floor: 1 / 1.3}.of(shape))
			}
		}
	}
}
