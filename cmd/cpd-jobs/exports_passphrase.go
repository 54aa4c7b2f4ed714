package main

import (
	"fmt"

	"cpd-jobs/internal/encryptedzip"
)

type exportsPassphraseCommand struct{}

func (exportsPassphraseCommand) Run(a *console) error {
	fmt.Fprintln(a.stderr, "keep it in the team's password manager, and set it as EXPORT_PASSPHRASE where jobs run; it is not shown again")
	_, err := fmt.Fprintln(a.stdout, encryptedzip.NewPassphrase())
	return err
}
