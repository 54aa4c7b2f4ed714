package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // London must be known in a bare container too

	"cpd-jobs/queue"
	"cpd-jobs/reports/table"
)

// london is where people read the pages.
var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("time-zone data in the binary: " + err.Error())
	}
	return l
}()

// ukTime is an instant as GOV.UK writes it, in UK time: "6:30am on 22 November 2026".
func ukTime(t time.Time) string {
	t = t.In(london)
	return ukClock(t) + " on " + t.Format("2 January 2006")
}

func ukClock(t time.Time) string {
	switch {
	case t.Minute() != 0:
		return t.Format("3:04pm")
	case t.Hour() == 0:
		return "midnight"
	case t.Hour() == 12:
		return "midday"
	default:
		return t.Format("3pm")
	}
}

// timeTag is ukTime with the exact instant for machines.
func timeTag(t time.Time) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + ukTime(t) + `</time>`)
}

// ukSecond is a time of day to the second, for logs, where lines of one minute must be told apart.
func ukSecond(t time.Time) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339Nano) + `">` + t.In(london).Format("15:04:05") + `</time>`)
}

// count is a whole number with commas: 24,012.
func count(n int64) string { return table.Thousands(n) }

// counted is a count with its noun: "1 row", "24,012 rows".
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// fileSize is a size as GOV.UK attachments show it: three figures, decimal units.
func fileSize(bytes int64) string {
	if bytes < 1000 {
		return counted(bytes, "byte")
	}
	size, unit := float64(bytes)/1000, "KB"
	for _, next := range []string{"MB", "GB"} {
		if size < 999.5 {
			break
		}
		size, unit = size/1000, next
	}
	decimals := max(0, 2-int(math.Log10(size)))
	return strconv.FormatFloat(size, 'f', decimals, 64) + " " + unit
}

// percent is a share of 1 as a percentage with one decimal at most: "96%", "0.4%".
func percent(share float64) string {
	if p := math.Round(share * 1000); math.Mod(p, 10) == 0 {
		return strconv.FormatFloat(p/10, 'f', 0, 64) + "%"
	}
	return strconv.FormatFloat(share*100, 'f', 1, 64) + "%"
}

// roughly is a length of time in its largest unit or two: "45 seconds", "3 hours 10 minutes", "2 days".
func roughly(d time.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		text := counted(int64(n), u.name)
		if i+1 < len(units) && n < 10 {
			if rest := (d - n*u.size) / units[i+1].size; rest > 0 {
				text += " " + counted(int64(rest), units[i+1].name)
			}
		}
		return text
	}
	return "less than a second"
}

// took is how long something measured took, with the precision that matters: "0.4 seconds".
func took(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f seconds", max(d, 0).Seconds())
	}
	return roughly(d)
}

// words turns a name in the data into words: "tutor_signed_in" to "Tutor signed in", "cpd_sync" to "CPD sync".
func words(name string) string {
	list := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == ' ' })
	for i, w := range list {
		switch {
		case w == "cpd" || w == "gias" || w == "la":
			list[i] = strings.ToUpper(w)
		case i == 0:
			list[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(list, " ")
}

// stateTag is the tag of a job's or step's state: its words, and a colour that only repeats them.
func stateTag(state string) template.HTML {
	tag := map[string]struct{ words, colour string }{
		"completed":   {"Done", "green"},
		"done":        {"Done", "green"},
		"running":     {"Running", "blue"},
		"available":   {"Waiting", "grey"},
		"pending":     {"Waiting", "grey"},
		"scheduled":   {"Scheduled", "grey"},
		"retryable":   {"Will try again", "yellow"},
		"cancelled":   {"Cancelled", "orange"},
		"discarded":   {"Failed", "red"},
		"quarantined": {"Quarantined", "red"},
		"failed":      {"Failed", "red"},
	}[state]
	if tag.words == "" {
		tag.words, tag.colour = template.HTMLEscapeString(words(state)), "grey"
	}
	return template.HTML(`<strong class="govuk-tag govuk-tag--` + tag.colour + `">` + tag.words + `</strong>`)
}

// jobTook is how long a job's latest attempt took, or has taken so far.
func jobTook(j queue.Job, now time.Time) string {
	switch {
	case j.StartedAt == nil:
		return ""
	case j.FinishedAt != nil:
		return took(j.FinishedAt.Sub(*j.StartedAt))
	case j.State == "running":
		return took(now.Sub(*j.StartedAt)) + " so far"
	default:
		return ""
	}
}
