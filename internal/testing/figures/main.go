// Command figures reads what `go test -json` says of benchmarks or of the chaos suite, and writes it down for people: a
// page with plots, and the figures as JSON beside it. Figures that this run did not measure stay as they were, with the
// day and the machine that they are from. `make bench` and `make chaos` call it.
//
//	go test -json -run '^$' -bench . ./... | go run ./internal/testing/figures docs/performance.md
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cpd-jobs/internal/clock"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go test -json ... | figures PAGE.md")
		os.Exit(2)
	}
	ok, err := run(os.Stdin, os.Stdout, os.Args[1], here(clock.System()))
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run shows the tests' output as it comes, then renews the page and the JSON beside it. It says whether all tests
// passed.
func run(in io.Reader, out io.Writer, page string, m measured) (ok bool, err error) {
	found, err := read(in, out)
	if err != nil {
		return false, err
	}
	if len(found.topics) == 0 {
		return found.passed, fmt.Errorf("nothing was measured; %s stays as it is", page)
	}
	beside := strings.TrimSuffix(page, ".md") + ".json"
	known, err := load(beside)
	if err != nil {
		return false, err
	}
	for i := range found.topics {
		found.topics[i].Measured = m
	}
	all := known.renewed(found.topics)
	if err := all.save(beside); err != nil {
		return false, err
	}
	pictures := filepath.Join(filepath.Dir(page), "pictures")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return false, err
	}
	return found.passed, write(page, pictures, all)
}
