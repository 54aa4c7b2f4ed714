package cron

import (
	"archive/zip"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNextEqualsSteppingByMinutes compares Next, in every zone of the tz data, with a reference that steps through time
// minute by minute and remembers what the wall has shown: around clock changes from 1975 to 2100, with expressions
// made at random. CPD_JOBS_LONG=1 looks at every change instead of one for each zone.
func TestNextEqualsSteppingByMinutes(t *testing.T) {
	t.Parallel()
	windows := 1
	if os.Getenv("CPD_JOBS_LONG") != "" {
		windows = 1 << 30
	}
	for _, name := range zoneNames(t) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, uint64(len(name))<<32|uint64(name[0])))
		changes := clockChanges(zone)
		random.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		if len(changes) == 0 {
			changes = []time.Time{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
		}
		for _, at := range changes[:min(windows, len(changes))] {
			e := randomExpression(random)
			compare(t, e, zone, at.Add(-36*time.Hour), at.Add(48*time.Hour))
		}
	}
}

func compare(t *testing.T, e expression, zone *time.Location, from, to time.Time) {
	t.Helper()
	s, err := Parse(e.text(), zone, false)
	if err != nil {
		t.Fatalf("Parse(%q): %v", e.text(), err)
	}
	var got []time.Time
	for last, at := from, s.Next(from); !at.IsZero() && !at.After(to); last, at = at, s.Next(at) {
		if !at.After(last) {
			t.Fatalf("%q in %s: the tick after %s is %s", e.text(), zone, last, at)
		}
		got = append(got, at)
	}
	want := e.ticks(zone, from, to)
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Fatalf("%q in %s after %s:\n got %v\nwant %v", e.text(), zone, from, in(got, zone), in(want, zone))
	}
}

func in(list []time.Time, zone *time.Location) (local []string) {
	for _, t := range list {
		local = append(local, t.In(zone).Format("2006-01-02T15:04-07:00"))
	}
	return local
}

// expression is a cron expression as sets; nil hours mean `*`.
type expression struct {
	minutes, hours []int
}

func randomExpression(r *rand.Rand) expression {
	e := expression{minutes: choose(r, 60)}
	if r.IntN(3) > 0 {
		e.hours = choose(r, 24)
		if r.IntN(2) > 0 { // the hours in which clocks change
			e.hours = append(e.hours, r.IntN(4))
		}
	}
	return e
}

func choose(r *rand.Rand, n int) []int {
	set := make([]int, 1+r.IntN(4))
	for i := range set {
		set[i] = r.IntN(n)
	}
	return set
}

func (e expression) text() string {
	hours := "*"
	if e.hours != nil {
		hours = list(e.hours)
	}
	return list(e.minutes) + " " + hours + " * * *"
}

func list(numbers []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(numbers), "[]"), " ", ",")
}

func (e expression) matches(wall time.Time) bool {
	return slices.Contains(e.minutes, wall.Minute()) && (e.hours == nil || slices.Contains(e.hours, wall.Hour()))
}

// ticks steps by minutes. The wall's minutes are kept as times in UTC that read the same.
func (e expression) ticks(zone *time.Location, from, to time.Time) (ticks []time.Time) {
	start := from.Add(-72 * time.Hour).Truncate(time.Minute)
	shown := map[time.Time]bool{}
	previous := wallOf(start, zone).Add(-time.Minute)
	for at := start; !at.After(to); at = at.Add(time.Minute) {
		wall := wallOf(at, zone)
		due := e.matches(wall)
		if e.hours != nil {
			due = due && !shown[wall]
			for skipped := previous.Add(time.Minute); skipped.Before(wall); skipped = skipped.Add(time.Minute) {
				due = due || e.matches(skipped) && !shown[skipped]
				shown[skipped] = true
			}
		}
		shown[wall], previous = true, wall
		if due && at.After(from) {
			ticks = append(ticks, at)
		}
	}
	return ticks
}

func wallOf(t time.Time, zone *time.Location) time.Time {
	l := t.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
}

// clockChanges lists when a zone's offset changes, from 1975 to 2100.
func clockChanges(zone *time.Location) (changes []time.Time) {
	for at := time.Date(1975, 1, 1, 0, 0, 0, 0, zone); at.Year() < 2100; {
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(at) { // see boundAfter; the day is looked at all the same
			end = at.Add(24 * time.Hour)
		}
		changes = append(changes, end.UTC())
		at = end
	}
	return changes
}

func zoneNames(t *testing.T) (names []string) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no Go toolchain to take the tz data from: %v", err)
	}
	z, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Skipf("no tz data beside the Go toolchain: %v", err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			names = append(names, f.Name)
		}
	}
	if len(names) < 500 {
		t.Fatalf("%d zones found", len(names))
	}
	return names
}
