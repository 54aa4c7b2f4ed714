package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/table"
)

// baseNames are names for a file, without extension, the first that is free to be taken: the report and the UTC as-at,
// as people know it; with the version where two versions describe one minute; with the definition where even that is
// the same.
func baseNames(report string, asOf time.Time, s exports.Selection, version int64, definitionHash string) []string {
	name := strings.ReplaceAll(report, "_", "-") + "-" + asOf.UTC().Format("2006-01-02T1504Z")
	if !s.Whole() {
		name += "-selection-" + shortHash(s)
	} else {
		name += layoutWords(s.Layout)
	}
	withVersion := name + "-v" + strconv.FormatInt(version, 10)
	return []string{name, withVersion, withVersion + "-" + definitionHash[:min(8, len(definitionHash))]}
}

// layoutWords tells workbooks of one report apart that look different.
func layoutWords(l table.Layout) (words string) {
	if l.NoCharts {
		words += "-no-charts"
	}
	if l.FreezePanes {
		words += "-frozen"
	}
	if l.FilterButtons {
		words += "-filters"
	}
	if l.Raw {
		words += "-raw"
	}
	return words
}

// shortHash tells selections apart. Maps marshal in order of their keys, so equal selections have equal hashes.
func shortHash(s exports.Selection) string {
	text, _ := json.Marshal(s) // maps and lists of texts always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}
