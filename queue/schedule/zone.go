package schedule

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"cpd-jobs/internal/run"
)

// The time-zone data go with the program: [time.LoadLocation] asks the machine first, even where time/tzdata is linked
// in, and two workers with different copies would disagree about a tick. This is Go's own lib/time/zoneinfo.zip.
//
//go:embed zoneinfo.zip
var zoneinfo []byte

// zones reads each zone once, when it is first asked for.
var zones = sync.OnceValue(func() map[string]func() (*time.Location, error) {
	archive, err := zip.NewReader(bytes.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		return nil // a test reads every zone
	}
	all := make(map[string]func() (*time.Location, error), len(archive.File))
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") {
			all[f.Name] = sync.OnceValues(func() (*time.Location, error) { return readZone(f) })
		}
	}
	return all
})

func readZone(f *zip.File) (*time.Location, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(f.Name, data)
}

// Zone finds a time zone by its IANA name in the data that go with the program. The error names the nearest.
func Zone(name string) (*time.Location, error) {
	if load, ok := zones()[name]; ok {
		return load()
	}
	names := make([]string, 0, len(zones()))
	for n := range zones() {
		names = append(names, n)
	}
	slices.Sort(names)
	if near := nearestZone(name, names); near != "" {
		return nil, fmt.Errorf("no time zone is called %q; did you mean %s?", name, near)
	}
	return nil, fmt.Errorf("no time zone is called %q; names are like Europe/London", name)
}

// nearestZone also knows a city without its continent and a name in the wrong case.
func nearestZone(name string, names []string) string {
	if name == "" {
		return ""
	}
	for _, n := range names {
		if strings.EqualFold(n, name) || strings.HasSuffix(strings.ToLower(n), "/"+strings.ToLower(name)) {
			return n
		}
	}
	return run.Nearest(name, names)
}
