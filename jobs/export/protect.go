package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/encryptedzip"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/store"
)

// sealedEnding is what the name of an encrypted file ends in.
const sealedEnding = ".zip"

const passphraseVariable = "EXPORT_PASSPHRASE" // #nosec G101 -- the name of a variable

// notReady is what exports of a report still need.
func notReady(d Deps) func(json.RawMessage) string {
	return func(raw json.RawMessage) string {
		var args struct {
			Report string `json:"report"`
		}
		if d.Passphrase != "" || json.Unmarshal(raw, &args) != nil {
			return ""
		}
		if def, err := reports.Find(args.Report); err != nil || def.Protection != definition.Encrypted {
			return ""
		}
		return passphraseVariable + " is not set"
	}
}

// passphraseFor is what encrypts files of a report, "" for one whose files are in clear.
func (d Deps) passphraseFor(def *definition.Definition) (string, error) {
	if def.Protection != definition.Encrypted {
		return "", nil
	}
	if d.Passphrase == "" {
		return "", run.Invalid("set "+passphraseVariable+" where jobs run; cpd-jobs exports passphrase makes one",
			"report %s has personal data, and nothing to encrypt its files with", def.Name)
	}
	if err := encryptedzip.CheckPassphrase(d.Passphrase); err != nil {
		return "", fmt.Errorf("%s: %w", passphraseVariable, err)
	}
	return d.Passphrase, nil
}

// MayRead refuses a report with personal data to those whose database user may not read it. Each caller that asks for
// an export or a download is asked, not only who does the job.
func MayRead(ctx context.Context, db pg.Querier, def *definition.Definition) error {
	if !def.Restricted() {
		return nil
	}
	rows, _ := db.Query(ctx, "SELECT has_schema_privilege($1, 'USAGE') AND has_table_privilege(to_regclass($2), 'SELECT')", def.Schema, def.Table().Sanitize())
	may, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*bool])
	if err != nil {
		return fmt.Errorf("see whether report %s may be read: %w", def.Name, err)
	}
	if may == nil {
		return run.Blocked("refresh it first", "report %s was never refreshed: there is nothing to export", def.Name)
	}
	if !*may {
		return run.Blocked("ask for the role cpd_jobs_personal", "report %s has personal data, which this database user may not read", def.Name)
	}
	return nil
}

// clear is the file without its encryption.
func (f *file) clear(r store.File) (store.File, error) {
	if f.archive == nil {
		return r, nil
	}
	list, err := encryptedzip.Open(r, r.Info().Size, f.passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened again: %w", f.name, err)
	}
	for _, e := range list {
		if err := e.Check(); err != nil {
			return nil, fmt.Errorf("%s cannot be opened again: %w", f.name, err)
		}
	}
	return clearFile{Entry: list[0], info: store.Info{Key: f.plain, Size: list[0].Size(), Modified: r.Info().Modified}}, nil
}

// clearFile is what an encrypted file holds. The one that opened the file closes it.
type clearFile struct {
	encryptedzip.Entry
	info store.Info
}

func (c clearFile) Close() error     { return nil }
func (c clearFile) Info() store.Info { return c.info }

// opens says that the passphrase of today opens a file that was made before.
func (j *job) opens(f store.File) (bool, error) {
	_, err := encryptedzip.Open(f, f.Info().Size, j.passphrase)
	if errors.Is(err, encryptedzip.ErrPassphrase) {
		j.run.Log().Info("an exported file has another passphrase and is made again", "file", f.Info().Key)
		return false, nil
	}
	return err == nil, err
}
