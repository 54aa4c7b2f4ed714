package housekeeping

import (
	"context"
	"errors"
	"fmt"
	"io"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/exports"
)

// cleanFiles deletes exported files that need not be kept, then mends where records and files do not agree, then takes away
// what killed exports have left. Each is done whatever became of the others.
func cleanFiles(ctx context.Context, r run.Run, d Deps, a Args, counts map[string]int64) error {
	var failures []error
	for _, chore := range []struct {
		name string
		do   func(ctx context.Context, r run.Run, d Deps, a Args, counts map[string]int64) error
	}{{"exports", prune}, {"verify", verify}, {"orphans", mend}, {"drafts", sweep}} {
		err := r.Step(ctx, chore.name, func(ctx context.Context, step *run.Step) error {
			step.Unit = "files"
			return chore.do(ctx, r, d, a, counts)
		})
		if err != nil {
			failures = append(failures, fmt.Errorf("chore %s: %w", chore.name, err))
		}
	}
	return errors.Join(failures...)
}

func prune(ctx context.Context, r run.Run, d Deps, a Args, counts map[string]int64) error {
	retention, err := a.Retention()
	if err != nil {
		return err
	}
	var list []exports.Export
	if r.DryRun() {
		list, err = exports.Prunable(ctx, d.DB, retention)
	} else {
		list, err = exports.Prune(ctx, d.DB, d.Store, retention, r.Fence)
	}
	counts["exports"] = int64(len(list))
	return err
}

// verifyBytes is how much of the store one housekeeping reads: all of it within days, and minutes of one night.
const verifyBytes = 8 << 30

// verify reads the files that were not read for longest, and takes out of use what is not as it was published. One that
// cannot be read is left for another time.
func verify(ctx context.Context, r run.Run, d Deps, _ Args, counts map[string]int64) error {
	if r.DryRun() {
		return nil
	}
	list, err := exports.Unverified(ctx, d.DB, verifyBytes)
	if err != nil {
		return err
	}
	for _, e := range list {
		switch err := exports.Copy(ctx, d.Store, e, io.Discard); {
		case errors.Is(err, exports.ErrDamaged):
			r.Log().Error("a stored file is not as it was published; the next export makes it again", "export", e.ID, "file", e.Name)
			if _, err := exports.MarkDamaged(ctx, d.DB, e.ID); err != nil {
				return err
			}
			counts["damaged_files"]++
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.Log().Warn("a stored file cannot be verified", "export", e.ID, "file", e.Name, "error", err)
		default:
			if err := exports.NoteVerified(ctx, d.DB, e.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func mend(ctx context.Context, r run.Run, d Deps, _ Args, counts map[string]int64) error {
	found, err := exports.Audit(ctx, d.DB, d.Store, d.Now())
	if err != nil {
		return err
	}
	for _, e := range found.Lost {
		r.Log().Warn("an exported file is not in the store as it was published", "export", e.ID, "file", e.Name)
	}
	for _, f := range found.Unreferenced {
		r.Log().Warn("a file in the store is recorded by no export", "file", f.Key)
	}
	lost, unreferenced := len(found.Lost), len(found.Unreferenced)
	if err := found.Check(); err != nil {
		return err
	}
	if !r.DryRun() {
		lost, unreferenced, err = exports.Repair(ctx, d.DB, d.Store, found, r.Fence)
	}
	counts["lost_files"], counts["stray_files"] = int64(lost), int64(unreferenced)
	return err
}

// sweep does nothing in a dry run: a store cannot tell how many dead drafts it has without taking them away.
func sweep(ctx context.Context, r run.Run, d Deps, _ Args, counts map[string]int64) error {
	if r.DryRun() {
		return nil
	}
	n, err := d.Store.CleanDrafts(ctx)
	counts["drafts"] = int64(n)
	return err
}
