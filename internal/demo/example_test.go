package demo_test

import (
	"fmt"
	"time"

	"cpd-jobs/internal/demo"
)

func ExampleCohortYear() {
	for _, asOf := range []string{"2026-08-31T22:59:59Z", "2026-08-31T23:00:00Z", "2027-01-01T00:00:00Z"} {
		at, _ := time.Parse(time.RFC3339, asOf)
		fmt.Println(asOf, demo.CohortYear(at))
	}
	// Output:
	// 2026-08-31T22:59:59Z 2025
	// 2026-08-31T23:00:00Z 2026
	// 2027-01-01T00:00:00Z 2026
}
