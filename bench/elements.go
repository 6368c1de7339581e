package bench

// elementOps are the calls on single elements.
var elementOps = []struct {
	name  string
	calls func(*hashMap, int)
	inner func(*inner, int)
	bare  func(*bare, int)
	mock  bool // a Go map can do it too
	value bool // it comes to the value, so that the goal depends on its size
}{
	{"lookup hit", (*hashMap).hit, (*inner).hit, (*bare).hit, true, true},
	{"lookup miss", (*hashMap).miss, (*inner).miss, (*bare).miss, true, false},
	{"update", (*hashMap).set, (*inner).set, (*bare).set, true, true},
	{"delete + insert", (*hashMap).swap, (*inner).swap, (*bare).swap, true, true},
	{"next key", (*hashMap).walk, (*inner).walk, (*bare).next, false, false},
}

// mockFloor is how fast a map must be beside a Go map.
const mockFloor = 1 / 1.3

// elementRows measures single elements through bpfsys against Linux, through maps against the mock, and both beside the
// limit.
func elementRows(s *session) {
	for _, shape := range s.shapes() {
		ours, hash, goMap := newHashMap(newEmulated(), shape), newInner(newHash(shape), shape), newInner(newMock(), shape)
		limit := newBare(shape)
		var linux *hashMap
		if s.linux != nil {
			s.linux.Reset()
			linux = newHashMap(s.linux, shape)
		}
		for _, op := range elementOps {
			runners := []runner{
				{name: "bpfsys", run: func(n int) { op.calls(ours, n) }},
				{name: "limit", run: func(n int) { op.bare(limit, n) }},
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
			g := goal{floor: elementFloor}
			if op.value {
				g = shape.goalFor(elementFloor, elementLimit)
			}
			what := op.name + ", " + shape.String()
			s.versus(t, 0, real, 1, g, Row{What: what + ", bpfsys", Rival: "Linux"}.of(shape))
			if op.mock {
				s.versus(t, 2, 3, 1, goal{floor: mockFloor}, Row{What: what + ", maps", Rival: "mock"}.of(shape))
			}
		}
	}
}
