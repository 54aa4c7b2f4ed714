package access

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// Seal is the state of the audit at its end: who has noted it can tell later that nothing before was changed.
type Seal struct {
	ID   int64  `json:"id"`
	Hash string `json:"hash"`
}

// Verified says what [VerifyAudit] looked at.
type Verified struct {
	Rows int64 `json:"rows"`
	// Unsealed rows are older than the hashes, and prove nothing.
	Unsealed int64 `json:"unsealed"`
	Seal     Seal  `json:"seal"`
}

// VerifyAudit reads the whole audit, and fails (run.ClassBlocked) at the first row that was changed, or before which one
// is missing. That rows are missing at the end is seen by seals of before, such as [Seals].
func VerifyAudit(ctx context.Context, db Database, since ...Seal) (Verified, error) {
	var v Verified
	rows, _ := db.Query(ctx, `
		SELECT a.id, coalesce(encode(a.hash, 'hex'), '') AS hash,
		       coalesce(a.hash = queue.audit_hash(coalesce(lag(a.hash, 1, b.hash) OVER (ORDER BY a.id), ''), a), false) AS whole,
		       coalesce(lag(a.id, 1, b.last_id) OVER (ORDER BY a.id), 0) AS before
		FROM queue.audit AS a LEFT JOIN queue.audit_begin AS b ON true ORDER BY a.id`)
	known := map[int64]string{}
	for _, s := range since {
		known[s.ID] = s.Hash
	}
	var one struct {
		ID, Before int64
		Hash       string
		Whole      bool
	}
	_, err := pgx.ForEachRow(rows, []any{&one.ID, &one.Hash, &one.Whole, &one.Before}, func() error {
		v.Rows++
		if one.Hash == "" && v.Seal.ID == 0 {
			v.Unsealed++
			return nil
		}
		switch {
		case one.ID != one.Before+1:
			return broken("rows %d to %d are missing", one.Before+1, one.ID-1)
		case !one.Whole:
			return broken("row %d is not as it was written", one.ID)
		case known[one.ID] != "" && known[one.ID] != one.Hash:
			return broken("row %d is not the one that was sealed", one.ID)
		}
		delete(known, one.ID)
		v.Seal = Seal{ID: one.ID, Hash: one.Hash}
		return nil
	})
	if err != nil {
		return v, fmt.Errorf("verify the audit: %w", err)
	}
	for id := range known {
		if id > v.Seal.ID {
			return v, fmt.Errorf("verify the audit: %w", broken("row %d, which was sealed, is missing at the end", id))
		}
	}
	return v, nil
}

func broken(format string, args ...any) error {
	return run.Blocked("keep a copy of the database and tell the team's security contact", "the audit was changed: "+format, args...)
}

// LatestSeal is the seal of the audit as it is; zero where it is empty or older than its hashes.
func LatestSeal(ctx context.Context, db Database) (s Seal, err error) {
	var hash []byte
	rows, _ := db.Query(ctx, "SELECT id, hash FROM queue.audit WHERE hash IS NOT NULL ORDER BY id DESC LIMIT 1")
	if _, err = pgx.ForEachRow(rows, []any{&s.ID, &hash}, func() error { return nil }); err != nil {
		return s, fmt.Errorf("seal the audit: %w", err)
	}
	s.Hash = hex.EncodeToString(hash)
	return s, nil
}

// SealLogged is the message under which housekeeping logs the latest seal, with row and hash: the log is kept elsewhere too.
const SealLogged = "audit sealed"

// Seals are those that housekeeping logged.
func Seals(ctx context.Context, db Database) ([]Seal, error) {
	rows, _ := db.Query(ctx, `
		SELECT (attrs ->> 'row')::bigint AS id, attrs ->> 'hash' AS hash FROM queue.logs
		WHERE message = $1 AND attrs ->> 'row' ~ '^[0-9]{1,18}$' AND attrs ->> 'hash' <> '' ORDER BY id`, SealLogged)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Seal])
	if err != nil {
		return nil, fmt.Errorf("read the seals of the audit: %w", err)
	}
	return list, nil
}
