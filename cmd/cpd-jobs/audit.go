package main

import (
	"context"
	"fmt"

	"cpd-jobs/internal/access"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Look whether a row of the audit was changed or taken away."`
}

type auditVerifyCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help says what it proves.
func (auditVerifyCommand) Help() string {
	return "Each row of the audit has a hash over itself and the row before, and each housekeeping logs the latest one. This reads all rows " +
		"and compares. Who owns the database can write a new chain: the lines \"audit sealed\" of the log, which are kept elsewhere, tell. " +
		"Exit status: 0 all rows are as they were written, 1 one was changed or is missing."
}

func (c auditVerifyCommand) Run(ctx context.Context, a *session) error {
	seals, err := access.Seals(ctx, a.pool)
	if err != nil {
		return err
	}
	found, err := access.VerifyAudit(ctx, a.pool, seals...)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"audit": found})
	}
	_, err = fmt.Fprintf(a.stdout, "%d rows are as they were written, %d older ones have no hash; the latest is row %d, %s\n",
		found.Rows-found.Unsealed, found.Unsealed, found.Seal.ID, found.Seal.Hash)
	return err
}
