// Command mutants plants known mistakes into the project, one at a time, and tells which of them its tests let pass:
//
//	go run ./internal/mutants                          all of them
//	go run ./internal/mutants maps/stripe.go closed    those whose file or name contains one of the words
//	go run ./internal/mutants --since HEAD~10 --for 3m those of the packages that changed, as many as there is time for
//
// Nothing is written into the tree: the go command reads the changed files through -overlay, those of a package with all its mutants
// at once (weave.go). The mutants are in list/, a file
// for each package, in the form of a diff without line numbers:
//
//	maps/stripe.go: a reader does not look at closed again
//	-		if !st.closed.Load() {
//	+		if true {
//	test: ./maps -tags steps -run ^TestExplore
//
// Lines that begin with a space only say where. The test lines are tried in order until one fails; without any, the tests of
// the file's package are. A mutant that no test can tell from the original has a line "equivalent: why" instead.
//
// It is a list, and not a tool that draws mutants from operators, because the mistakes that passed every test here were not of
// that kind (a lock not taken, a check made too early), were in one package and found by the tests of another, and because
// what is equivalent has to be said once, with a reason.
package main
