package export

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/store"
)

// These turn this test binary into a worker that exports to a folder from a database and stops, alive, in a step; in
// "writing" when part of a file has been written.
const (
	killDirEnv      = "EXPORT_TEST_DIR"
	killDatabaseEnv = "EXPORT_TEST_DATABASE"
	killStepEnv     = "EXPORT_TEST_STEP"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDirEnv); dir != "" {
		if err := exportAndStop(dir, os.Getenv(killDatabaseEnv), os.Getenv(killStepEnv)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func exportAndStop(dir, database, step string) error {
	ctx := context.Background()
	db, err := pgxpool.New(ctx, database)
	if err != nil {
		return err
	}
	s, err := store.Folder(dir)
	if err != nil {
		return err
	}
	if step == "writing" {
		s = &brokenStore{Store: s, spoil: stopAfterFirst()}
	}
	r := &run.Local{Now: func() time.Time { return asOf }, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
		if s.Name == step && !finished {
			stop()
		}
	}}
	_, err = Export(ctx, r, Deps{DB: db, Store: s}, Args{Report: "school_onboarding", Formats: []string{"xlsx", "csv"}})
	return err
}

func stop() {
	fmt.Println("stopped")
	select {}
}

// stopAfterFirst lets one piece of a file be written.
func stopAfterFirst() func([]byte) []byte {
	written := false
	return func(p []byte) []byte {
		if written {
			stop()
		}
		written = true
		return p
	}
}

func TestKilledExportLeavesNothingAndTheRetryFinishesIt(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"writing", "verify", "publish"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(50)...)
			killAt(t, b, step)
			if keys := storetest.Keys(t, b.Store); len(keys) != 0 {
				t.Errorf("to be found after the kill: %q", keys)
			}
			if n := count(t, b.DB, "SELECT count(*) FROM reports.exports"); n != 0 {
				t.Errorf("%d exports are recorded after the kill", n)
			}
			if out, _ := b.export(b.args()); !out.Changed {
				t.Error("the retry did nothing")
			}
			b.wantFiles(baseName+".csv", baseName+".csv-metadata.json", baseName+".xlsx")
		})
	}
}

// killAt lets a process of its own export up to a step and kills it there.
func killAt(t *testing.T, b *bench, step string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), killDirEnv+"="+b.dir, killDatabaseEnv+"="+b.url, killStepEnv+"="+step)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if line != "stopped\n" {
		t.Fatalf("the exporting process said %q, %v", line, err)
	}
}
