package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each mutant of the list can be planted where it says, once, and leaves a file of Go; so a change of the code that
// takes a mutant's lines away is found at once.
func TestListFitsTheCode(t *testing.T) {
	all, err := List()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	names := map[string]bool{}
	for _, m := range all {
		require.False(t, names[m.String()], "%s is there twice", m)
		names[m.String()] = true
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(m.File)))
		require.NoError(t, err)
		planted, err := m.Plant(string(text))
		require.NoError(t, err)
		_, err = parser.ParseFile(token.NewFileSet(), m.File, planted, 0)
		require.NoError(t, err, "%s", m)
	}
}

func TestParse(t *testing.T) {
	all, err := Parse(`# a comment

a/b.go: first
 	here
-	one
+	two
+	three
test: ./a -run TestOne
test: ./c

a/b.go: second
-	four
equivalent: nobody sees it
`)
	require.NoError(t, err)
	require.Equal(t, []Mutant{
		{File: "a/b.go", What: "first", Old: []string{"\there", "\tone"}, New: []string{"\there", "\ttwo", "\tthree"},
			Tests: [][]string{{"./a", "-run", "TestOne"}, {"./c"}}},
		{File: "a/b.go", What: "second", Old: []string{"\tfour"}, Equivalent: "nobody sees it"},
	}, all)
	for _, bad := range []string{
		"a/b.go: nothing", "a/b.go: same\n-x\n+x", "-x\n+y", "a/b.go: x\n-x\nequivalent: why\ntest: ./a", "a/b.go: x\n-x\nwhat: y", "word",
	} {
		_, err := Parse(bad)
		require.Error(t, err, bad)
	}
}

func TestPlant(t *testing.T) {
	m := Mutant{File: "a.go", What: "less", Old: []string{"if a < b {", "return"}, New: []string{"\tif a <= b {", "\treturn"}}
	planted, err := m.Plant("x\n\t\tif a < b {\n\t\t\treturn\ny\n")
	require.NoError(t, err)
	require.Equal(t, "x\n\tif a <= b {\n\treturn\ny\n", planted)
	_, err = m.Plant("x\n")
	require.ErrorContains(t, err, "0 times")
	_, err = m.Plant(strings.Repeat("if a < b {\nreturn\n", 2))
	require.ErrorContains(t, err, "2 times")
}

// A module of a few functions shows what is told of each kind of mutant, woven into the others' build or in one of its own.
func TestRunner(t *testing.T) {
	if testing.Short() {
		t.Skip("builds tests")
	}
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n",
		"m.go": `package m

const most = 3

type list []int

// less compares.
func less(a, b int) bool {
	return a < b
}

func (l *list) add(all ...int) {
	*l = append(*l, all...)
}

func second(_, b int) int {
	return b
}
`,
		"m_test.go": `package m

import "testing"

func TestLess(t *testing.T) {
	if less(2, 1) {
		t.Fatal()
	}
}

func TestAdd(t *testing.T) {
	var l list
	if l.add(1, 2); len(l) != 2 {
		t.Fatal()
	}
}

func TestOthers(t *testing.T) {
	if most != 3 || second(1, 2) != 2 {
		t.Fatal()
	}
}

func TestFails(t *testing.T) { t.Fatal() }
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	tests := []struct{ old, new, test, by, wrong string }{
		{"return a < b", "return a > b", "TestLess", "TestLess", ""},
		{"return a < b", "return a <= b", "TestLess", "", ""},
		{"*l = append(*l, all...)", "*l = append(*l, all[1:]...)", "TestAdd", "TestAdd", ""},
		{"const most = 3", "const most = 4", "TestOthers", "TestOthers", ""},
		{"return b", "return 0*b", "TestOthers", "TestOthers", ""},
		{"return b", "return c", "TestOthers", "", "undefined: c"},
		{"return a < b", "return a > b", "TestFails", "", "without a mutant"},
		{"return a < b", "return a > b", "TestNone", "", "no such test"},
	}
	var all []Mutant
	for _, tt := range tests {
		all = append(all, Mutant{File: "m.go", What: tt.new, Old: []string{tt.old}, New: []string{tt.new}, Tests: [][]string{{".", "-run", tt.test}}})
	}
	plans, err := plan(root, all)
	require.NoError(t, err)
	r := newRunner(root, t.TempDir())
	for i, tt := range tests {
		by, err := r.Try(plans[i])
		if tt.wrong != "" {
			require.ErrorContains(t, err, tt.wrong, tt.new)
			continue
		}
		require.NoError(t, err, tt.new)
		require.Equal(t, tt.by, by, tt.new)
		require.Equal(t, i < 3, plans[i].woven)
	}
	require.Len(t, r.binaries, 5, "those that are woven, those that are not, and the module as it is")
}

func TestChoose(t *testing.T) {
	all := func() []Mutant {
		return []Mutant{{File: "a/x.go", What: "one"}, {File: "b/y.go", What: "two"}, {File: "b/z.go", What: "three"}}
	}
	require.Equal(t, all(), naming(all(), nil))
	require.Equal(t, all()[1:], naming(all(), []string{"two", "b/z"}))
	one, again := all(), all()
	shuffle(one, 7)
	shuffle(again, 7)
	require.Equal(t, again, one)
	require.ElementsMatch(t, all(), one)
}

func TestTally(t *testing.T) {
	var tally Tally
	require.Equal(t, "equivalent  a.go: x (nobody sees it)", tally.try(nil, planted{Mutant: Mutant{File: "a.go", What: "x", Equivalent: "nobody sees it"}}))
	tally.killed, tally.survived = 7, 2
	require.Equal(t, "10 mutants tried: 7 killed, 2 survived, 1 equivalent; 0 wrong, 0 not tried", tally.String())
}
