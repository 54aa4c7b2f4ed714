package cpd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
)

const checkSource = "check CPD_DATABASE_URL and that the server is up; the copy before stays"

// errStalled ends a copy that no longer moves: a server that is frozen, or cut off without a word, raises no error.
var errStalled = errors.New("no data for too long")

// sourceFailure says what became of the source while doing something there, and whether trying again can help.
func sourceFailure(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), errStalled) {
		return run.Unreachable(checkSource, "%s: the CPD database sent %w", doing, errStalled)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	if _, ok := errors.AsType[*run.Failure](err); ok {
		return err
	}
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return run.Unreachable(checkSource, "%s: the CPD database broke off: %w", doing, err)
	}
	return answerFailure(doing, answer)
}

// answerFailure is for errors that the source answered with.
func answerFailure(doing string, answer *pgconn.PgError) error {
	switch {
	case answer.Code == "40001" || answer.Code == "57014":
		// A standby cancels queries that stand in the way of replay; a statement may also take too long.
		return fmt.Errorf("%s: the CPD database cancelled the query, which may pass: %w", doing, answer)
	case strings.HasPrefix(answer.Code, "57P") || strings.HasPrefix(answer.Code, "08"):
		return run.Unreachable(checkSource, "%s: the CPD database broke off: %w", doing, answer)
	case answer.Code == "42501":
		return run.Invalid("grant SELECT on the columns to the role of CPD_DATABASE_URL", "%s: %w", doing, answer)
	default:
		return fmt.Errorf("%s: the CPD database says: %w", doing, answer)
	}
}
