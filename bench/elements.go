package bench

// elementOps are the calls on single elements.
var elementOps = []struct {
	name  string
	calls func(*hashMap, int)
	inner func(*inner, int)
	mock  bool // a Go map can do it too
}{
	{"lookup hit", (*hashMap).hit, (*inner).hit, true},
	{"lookup miss", (*hashMap).miss, (*inner).miss, true},
	{"update", (*hashMap).set, (*inner).set, true},
	{"delete + insert", (*hashMap).swap, (*inner).swap, true},
	{"next key", (*hashMap).walk, (*inner).walk, false},
}

// elementRows measures single elements through bpfsys and through maps, against Linux and the mock.
func elementRows(s *session) {
	for _, shape := range s.shapes() {
		ours, hash, goMap := newHashMap(newEmulated(), shape), newInner(newHash(shape), shape), newInner(newMock(), shape)
		var linux *hashMap
		if s.linux != nil {
			s.linux.Reset()
			linux = newHashMap(s.linux, shape)
		}
		for _, op := range elementOps {
			runners := []runner{
				{name: "bpfsys", run: func(n int) { op.calls(ours, n) }},
				{name: "maps", run: func(n int) { op.inner(hash, n) }},
			}
			if op.mock {
				runners = append(runners, runner{name: "mock", run: func(n int) { op.inner(goMap, n) }})
			}
			real := len(runners)
			if linux != nil {
				runners = append(runners, runner{name: "Linux", run: func(n int) { op.calls(linux, n) }})
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
