package main

import "fmt"

func ExampleMutant_Plant() {
	mutants, err := Parse("less.go: equal is less\n-	return a < b\n+	return a <= b\ntest: ./less")
	if err != nil {
		fmt.Println(err)
		return
	}
	planted, err := mutants[0].Plant("func less(a, b int) bool {\n\treturn a < b\n}")
	fmt.Println(planted, err)
	// Output:
	// func less(a, b int) bool {
	// 	return a <= b
	// } <nil>
}
