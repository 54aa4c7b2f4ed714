package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/erasure"
	"cpd-jobs/reports/exports"
)

type reportsEraseCommand struct {
	User       string `placeholder:"ID" help:"The person's id as a user of the service."`
	ExternalID string `name:"external-id" placeholder:"ID" help:"The id by which lead providers know the person."`
	Email      bool   `help:"By email address, which is read from standard input: arguments can be seen by others."`
	Why        string `required:"" help:"Such as the number of the request. It is kept, so no name."`
	DryRun     bool   `help:"Count what would be deleted, and change nothing."`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help says what a person must know who erases another.
func (reportsEraseCommand) Help() string {
	return "Deletes a person from the reports with personal data, from the copies that they are made of, and every file of those reports: " +
		"which of them held the person is not known. Erase the person in the CPD service first, or the next sync copies them again. " +
		"Backups, and files that people have downloaded, are out of reach. That it was done is kept in restricted.erasures, of whom is not."
}

func (c reportsEraseCommand) Run(ctx context.Context, a *session) error {
	e := erasure.Request{User: c.User, ExternalID: c.ExternalID, Why: c.Why, By: person(), DryRun: c.DryRun}
	if c.Email {
		address, err := a.readLine("email address: ")
		if err != nil {
			return err
		}
		e.Email = address
	}
	e.Files = func(ctx context.Context, tx pgx.Tx, report string) (int, error) {
		gone, err := exports.Withdraw(ctx, tx, a.files, report, nil)
		return len(gone), err
	}
	done, err := erasure.Erase(ctx, a.pool, reports.All(), e)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, done)
	}
	t := newTable("table", "rows")
	for _, name := range slices.Sorted(maps.Keys(done.Rows)) {
		t.row(name, done.Rows[name])
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}
	if c.DryRun {
		fmt.Fprintln(a.stderr, "nothing was changed; every file of the reports of people would be deleted too")
		return nil
	}
	fmt.Fprintf(a.stderr, "files deleted: %d; if the CPD service still has the person, the next sync copies them again\n", done.Files)
	return nil
}

// readLine reads one line of standard input, and asks for it where a person types it.
func (a *console) readLine(question string) (string, error) {
	if isTerminal(os.Stdin) {
		fmt.Fprint(a.stderr, question)
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if strings.TrimSpace(line) == "" {
		return "", run.Invalid("pipe it in, or type it", "standard input has no line (%v)", err)
	}
	return line, nil
}
