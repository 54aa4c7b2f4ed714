package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"cpd-jobs/internal/cost"
	"cpd-jobs/queue"
	"cpd-jobs/reports/versions"
)

// flow is what went into a job and what came out.
type flow struct{ In, Out []fact }

// outcome is what jobs of the kinds that we have say of themselves. A field that a kind does not have stays empty.
type outcome struct {
	Version int64 `json:"version"`
	Changed *bool `json:"changed"`
	Summary struct {
		Report string               `json:"report"`
		AsOf   *time.Time           `json:"as_of"`
		Rows   *int64               `json:"rows"`
		Inputs []versions.InputUsed `json:"inputs"`
		Tables []struct{}           `json:"tables"`
		Files  []outFile            `json:"files"`
		inFile
		Establishments, Links *inFile
	} `json:"summary"`
}

// inFile is a file that was read.
type inFile struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size_bytes"`
	Read   int64  `json:"read"`
	Merged int64  `json:"merged"`
}

// outFile is a file that was made.
type outFile struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// flowOf reads a job's result. A result that says nothing of this has neither inputs nor outputs.
func flowOf(j queue.Job) flow {
	var o outcome
	var f flow
	if len(j.Result) == 0 || json.Unmarshal(j.Result, &o) != nil {
		return f
	}
	f.takeInputs(j, o)
	f.takeOutputs(j, o)
	return f
}

func (f *flow) takeInputs(j queue.Job, o outcome) {
	for _, in := range o.Summary.Inputs {
		f.In = append(f.In, fact{Key: inputTitle(string(in.Input)), Text: fmt.Sprintf("version %d as at %s, %s", in.Version, ukTime(in.AsAt), counted(in.Rows, "row"))})
	}
	files := []*inFile{&o.Summary.inFile, o.Summary.Establishments, o.Summary.Links}
	for _, file := range files {
		if file != nil && file.File != "" {
			f.In = append(f.In, fact{Key: "File " + file.File, Text: fmt.Sprintf("%s, %s, SHA-256 %s", fileSize(file.Size), counted(file.Read, "row"), file.SHA256)})
		}
	}
	if j.Kind == "cpd_sync" && o.Summary.AsOf != nil {
		f.In = append(f.In, fact{Key: inputTitle("cpd"), Text: "one snapshot, as at " + ukTime(*o.Summary.AsOf)})
	}
	if o.Summary.Report != "" && len(o.Summary.Files) > 0 {
		f.In = append(f.In, fact{Key: "Report", Text: fmt.Sprintf("%s, version %d", words(o.Summary.Report), o.Version), Href: reportPath(o.Summary.Report)})
	}
}

func (f *flow) takeOutputs(j queue.Job, o outcome) {
	if o.Changed != nil && !*o.Changed {
		f.Out = append(f.Out, fact{Key: "Nothing new", Text: "what there was stays as it is"})
	}
	source, isSync := strings.CutSuffix(j.Kind, "_sync")
	switch {
	case len(o.Summary.Files) > 0:
		for _, file := range o.Summary.Files {
			f.Out = append(f.Out, fact{Key: "File", Text: file.Name + ", " + fileSize(file.Size), Href: downloadPath(o.Summary.Report, file)})
		}
	case isSync && o.Version > 0:
		text := fmt.Sprintf("version %d of this source", o.Version)
		if rows := o.rowsOut(); rows > 0 {
			text += ", " + counted(rows, "row")
		}
		if n := len(o.Summary.Tables); n > 0 {
			text += " in " + counted(int64(n), "table")
		}
		f.Out = append(f.Out, fact{Key: inputTitle(source), Text: text})
	case o.Summary.Report != "" && o.Version > 0:
		f.Out = append(f.Out, fact{Key: "Report", Text: fmt.Sprintf("%s, version %d", words(o.Summary.Report), o.Version), Href: reportPath(o.Summary.Report)})
	}
}

// rowsOut is how many rows a sync left.
func (o outcome) rowsOut() int64 {
	rows := o.Summary.Merged
	if o.Summary.Rows != nil {
		rows = *o.Summary.Rows
	}
	for _, file := range []*inFile{o.Summary.Establishments, o.Summary.Links} {
		if file != nil {
			rows += file.Merged
		}
	}
	return rows
}

func downloadPath(report string, f outFile) string {
	if f.ID == 0 {
		return "" // a dry run made none
	}
	return fmt.Sprintf("%s/downloads/%d/%s", reportPath(report), f.ID, url.PathEscape(f.Name))
}

// costText says what something cost, in the units that people pay for.
func costText(c *cost.Cost) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%.2f s of processor, %.2f s of waiting for databases, %s read, %s written",
		c.CPUSeconds, c.DatabaseSeconds, fileSize(c.BytesRead), fileSize(c.BytesWritten))
}

// runMates are the other jobs of a job's run, oldest first, and what all of them cost together; "" where that is the same as
// what the job cost.
func (s *site) runMates(ctx context.Context, j queue.Job) (mates []fact, together string, err error) {
	list, err := queue.ListJobs(ctx, s.DB, queue.JobFilter{RunID: j.RunID, Limit: runsPerPage})
	if err != nil || len(list) < 2 {
		return nil, "", err
	}
	var sum cost.Cost
	for i := len(list) - 1; i >= 0; i-- {
		mate := list[i]
		if mate.Cost != nil && mate.TakenOverBy == 0 { // else its successor's has it
			sum = sum.Plus(*mate.Cost)
		}
		if mate.ID != j.ID {
			mates = append(mates, fact{Key: words(mate.Kind), Text: fmt.Sprintf("job %d", mate.ID), Href: runPath(mate.ID)})
		}
	}
	if sum != (cost.Cost{}) {
		together = costText(&sum)
	}
	return mates, together, nil
}
