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

// A module of one function shows what is told of each kind of mutant.
func TestRunner(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go test")
	}
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module m\n\ngo 1.26\n",
		"m.go":      "package m\n\nfunc less(a, b int) bool {\n\treturn a < b\n}\n",
		"m_test.go": "package m\n\nimport \"testing\"\n\nfunc TestLess(t *testing.T) {\n\tif less(2, 1) {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestFails(t *testing.T) { t.Fatal() }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	r := &Runner{root: root, work: t.TempDir(), sane: map[string]error{}}
	try := func(line, test string) (string, error) {
		return r.Try(Mutant{File: "m.go", What: line, Old: []string{"return a < b"}, New: []string{line}, Tests: [][]string{{".", "-run", test}}})
	}
	by, err := try("return a > b", "TestLess")
	require.NoError(t, err)
	require.Equal(t, "TestLess", by)
	by, err = try("return a <= b", "TestLess")
	require.NoError(t, err)
	require.Empty(t, by, "nobody asks")
	_, err = try("return a << b", "TestLess")
	require.ErrorContains(t, err, "build")
	_, err = try("return a > b", "TestFails")
	require.ErrorContains(t, err, "without a mutant")
	_, err = try("return a > b", "TestNone")
	require.ErrorContains(t, err, "no such test")
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
	require.Equal(t, "equivalent  a.go: x (nobody sees it)", tally.try(nil, Mutant{File: "a.go", What: "x", Equivalent: "nobody sees it"}))
	tally.killed, tally.survived = 7, 2
	require.Equal(t, "10 mutants tried: 7 killed, 2 survived, 1 equivalent; 0 wrong, 0 not tried", tally.String())
}
