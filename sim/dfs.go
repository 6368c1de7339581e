package sim

// Unbounded lets DFS preempt as often as it likes.
const Unbounded = -1

// DFS enumerates every schedule with at most a number of preemptions, depth first, each exactly once. Small bounds
// find most bugs (M. Musuvathi and S. Qadeer, "Iterative context bounding for systematic testing of multithreaded
// programs", PLDI 2007).
type DFS struct {
	bound int
	path  []branch // the answers of the current schedule
	depth int      // answers given in it so far
	used  int      // preemptions in it so far
	count int
}

// branch is an answer and how many there are to try.
type branch struct{ answer, answers int }

// NewDFS enumerates schedules with at most bound preemptions, or all of them when bound is Unbounded.
func NewDFS(bound int) *DFS { return &DFS{bound: bound} }

// Count is the number of schedules that Next has turned to.
func (d *DFS) Count() int { return d.count }

// Choose repeats the path that Next prepared and takes the first answer behind its end.
func (d *DFS) Choose(c *Choice) int {
	if d.depth == len(d.path) {
		d.path = append(d.path, branch{answers: d.answers(c)})
	}
	answer := d.path[d.depth].answer
	d.depth++
	if c.Preempts && answer > 0 {
		d.used++
	}
	return answer
}

func (d *DFS) answers(c *Choice) int {
	if c.Preempts && d.used == d.bound {
		return 1
	}
	return len(c.Tasks)
}

// Next turns to the next schedule: the last answer that can be raised is, and what lay behind it is forgotten.
func (d *DFS) Next() bool {
	if d.count > 0 && !d.advance() {
		return false
	}
	d.count++
	d.depth, d.used = 0, 0
	return true
}

func (d *DFS) advance() bool {
	for n := len(d.path); n > 0; n-- {
		if b := &d.path[n-1]; b.answer+1 < b.answers {
			b.answer++
			d.path = d.path[:n]
			return true
		}
	}
	return false
}
