package explore

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/model"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// WritePage runs the scenario under the schedule of the line and writes a page that shows the run step by step: an HTML
// file that needs nothing else.
func WritePage(w io.Writer, s Scenario, line string) error {
	p, err := newPage(s, line)
	if err != nil {
		return err
	}
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Scenario Scenario
	Way      Way
	Contract model.Contract
	Breach   string
	Verdict  string
	Schedule string
	Lanes    []lane
	Steps    []pageStep
	Blocks   []block
	// The script takes the rest from here, as JSON.
	Timeline pageTimeline
}

// EndRow is the row of the grid behind the last step.
func (p *page) EndRow() int { return len(p.Steps) + 1 }

// lane is a task's column; the palette has colours 1 to 6.
type lane struct {
	Name, Kind  string
	CPU, Colour int
}

// laneIndex is a lane's place in page.Lanes.
type laneIndex struct{ Index int }

// Column is the lane's column of the grid; the first one has the numbers.
func (l laneIndex) Column() int { return l.Index + 2 }

// pageStep is a step in its lane. Rows of the grid count from 1.
type pageStep struct {
	laneIndex
	Number, Row int
	At          string
	// Preempts reports that the task before it could have gone on.
	Preempts bool
}

// block is an operation: the rows from its first step to its last.
type block struct {
	laneIndex
	Row, End     int
	Name, Result string
}

// pageTimeline is the timeline in words; frames that show the same map share it.
type pageTimeline struct {
	// Buckets are the titles of the rows of Maps.
	Buckets []string
	Maps    [][][]pageRecord
	Records []pageRecord
	Frames  []pageFrame
}

type pageRecord struct {
	Key, Value string
	Torn       bool
	// Call is the number of the call that returned the record.
	Call int
}

type pageFrame struct {
	Map     int // index into Maps
	Records int // how many have been returned
	Cursor  cursor
	Say     string // what the step did
}

func newPage(s Scenario, line string) (*page, error) {
	var f timeline
	run, err := replay(s, line, f.record)
	if err != nil {
		return nil, err
	}
	contract, _ := model.ContractByName(s.Contract)
	way, _ := WayByName(s.Walk.Way)
	p := &page{Scenario: s, Way: way, Contract: contract, Breach: run.Breach, Verdict: run.Verdict(), Schedule: line, Lanes: s.lanes()}
	p.addSteps(run)
	p.addBlocks(run)
	p.Timeline = run.pageTimeline(&f)
	return p, nil
}

func (s Scenario) lanes() []lane {
	const colours = 6
	lanes := []lane{{walkerName, "walk", s.Walk.CPU, 1}}
	for i, t := range s.Tasks {
		kind := "process"
		if t.Program {
			kind = "BPF program"
		}
		lanes = append(lanes, lane{t.Name, kind, t.CPU, (i+1)%colours + 1})
	}
	return lanes
}

func (p *page) addSteps(r *Run) {
	for i, step := range r.Trace.Steps {
		p.Steps = append(p.Steps, pageStep{
			laneIndex: laneIndex{int(step.Task)}, Number: i, Row: i + 1, At: step.At.String(), Preempts: step.Choice > 0,
		})
	}
}

func (p *page) addBlocks(r *Run) {
	for _, d := range r.Done {
		if d.Start < 0 {
			continue
		}
		name, result, _ := cutResult(d.Text)
		in := laneIndex{slices.Index(r.Trace.Tasks, d.Task)}
		p.Blocks = append(p.Blocks, block{in, int(d.Start) + 1, int(d.End) + 2, name, result})
	}
}

// pageTimeline puts a timeline into words.
func (r *Run) pageTimeline(f *timeline) pageTimeline {
	p := pageTimeline{}
	used := f.used()
	_, hashed := r.elements.(maps.Drainer)
	for _, b := range used {
		title := fmt.Sprintf("bucket %d", b)
		if !hashed {
			title = typeWord(r.Scenario.Map.Type)
		}
		p.Buckets = append(p.Buckets, title)
	}
	for i, call := range r.History.Walk.Calls {
		p.Records = append(p.Records, r.Scenario.Map.pageRecords(call.Records, i)...)
	}
	for i, frame := range f.frames {
		p.addFrame(r.Scenario.Map, frame, used, r.say(i))
		p.Frames[i].Records = r.returned(frame.calls)
	}
	return p
}

// returned is the number of records that the walk's first calls returned.
func (r *Run) returned(calls int) int {
	n := 0
	for _, call := range r.History.Walk.Calls[:calls] {
		n += len(call.Records)
	}
	return n
}

func (p *pageTimeline) addFrame(m Shape, f frame, used []int, say string) {
	var content [][]pageRecord
	for _, b := range used {
		content = append(content, m.pageRecords(f.content[b], 0))
	}
	same := func(m [][]pageRecord) bool { return slices.EqualFunc(m, content, slices.Equal[[]pageRecord]) }
	at := slices.IndexFunc(p.Maps, same)
	if at < 0 {
		at = len(p.Maps)
		p.Maps = append(p.Maps, content)
	}
	f.cursor.Bucket = slices.Index(used, f.cursor.Bucket)
	p.Frames = append(p.Frames, pageFrame{Map: at, Cursor: f.cursor, Say: say})
}

func (m Shape) pageRecords(pairs []model.Pair, call int) []pageRecord {
	records := []pageRecord{}
	for _, p := range pairs {
		value := valueText(p.Value)
		records = append(records, pageRecord{m.keyText(p.Key), value, isTorn(p.Value), call})
	}
	return records
}

// deeds says what a step of each kind does.
var deeds = map[maps.Point]string{
	maps.PointLock:  "takes a lock",
	maps.PointFind:  "finds an element without a lock",
	maps.PointWord:  "copies one word of a value without a lock",
	maps.PointUser:  "copies to or from user memory",
	maps.PointCount: "counts an element in or out",
}

// say describes frame i: what the step before it did.
func (r *Run) say(i int) string {
	if i == 0 {
		return "Before the first step"
	}
	step := r.Trace.Steps[i-1]
	task := r.Trace.Tasks[step.Task]
	done := r.doneAt(task, i-1)
	if done < 0 {
		return task + " " + deeds[step.At]
	}
	name, result, _ := cutResult(r.Done[done].Text)
	if int64(i-1) == r.Done[done].End {
		return fmt.Sprintf("%s %s: %s → %s", task, deeds[step.At], name, result)
	}
	return fmt.Sprintf("%s %s, in %s", task, deeds[step.At], name)
}
